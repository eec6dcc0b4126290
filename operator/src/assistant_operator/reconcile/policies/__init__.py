"""What policies of others let assistants' pods reach, in every dialect: pure, over as little of them as that takes."""
