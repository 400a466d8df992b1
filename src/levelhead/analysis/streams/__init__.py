"""What a stream of posts is like: copies, baselines, bursts, topics. In bounded memory."""
