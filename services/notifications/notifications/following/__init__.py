"""What this service does when others tell something: it takes it over, and plans the letters it calls for."""
