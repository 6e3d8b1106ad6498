"""The private RabbitMQ of a stack."""
