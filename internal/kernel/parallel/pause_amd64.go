package parallel

// pause tells the processor that this thread only waits.
func pause()
