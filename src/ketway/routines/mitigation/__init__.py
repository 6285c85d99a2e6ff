"""What is done against noise: twirls, what is learned of it, and what is made of that."""
