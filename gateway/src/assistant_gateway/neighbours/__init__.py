"""What is in the pod beside the gateway: the model server and the egress probe."""
