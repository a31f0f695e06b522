"""The words and the sockets: what every other floor may import."""
