package parallel

// pause executes PAUSE, the processor's hint for a spin loop.
func pause()
