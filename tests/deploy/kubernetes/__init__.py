"""The manifests of deploy/kubernetes, without a cluster: rendered, validated, and read as the cluster would."""
