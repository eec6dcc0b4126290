"""What the cluster holds, as last seen."""
