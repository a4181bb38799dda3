//! The one deterministic executor: single-threaded, FIFO, driven by virtual time.
