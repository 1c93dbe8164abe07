"""Where submissions run: a kernel shut in, a listener that no cell can hang, flood or outwit."""
