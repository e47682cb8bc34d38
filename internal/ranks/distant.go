package ranks

// Distant is a Group that can exchange beside other work.
type Distant interface {
	Group
	// Distant reports whether ranks are on several machines: messages then take so long that it
	// pays to exchange some while the rank computes others.
	Distant() bool
	// Patient(true) has collectives leave the core to others while they wait, until Patient(false).
	// It may be called during one.
	Patient(on bool)
}
