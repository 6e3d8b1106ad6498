"""What registration is told from outside; it needs no more than every service, and the edge."""

from culture_connect.settings import AmqpUrl, ServiceSettings


class RegistrationSettings(ServiceSettings):
    """See `culture_connect.settings`; partners' HR systems live in the edge virtual host."""

    edge_url: AmqpUrl
