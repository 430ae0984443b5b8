"""What is done to pictures: grid masking, stickers, rotation, perspective, replacement values."""
