package models

import "fmt"

// Check returns an error if the settings are invalid.
func (c *Modern) Check() error {
	switch {
	case c.Norm != "rms" && c.Norm != "layer":
		return fmt.Errorf("model: norm = %q, want rms or layer", c.Norm)
	case c.RotaryBase != 0 && !(c.RotaryBase > 1 && c.RotaryBase < 1e12):
		return fmt.Errorf("model: rotary_base = %v, want more than 1, or 0 for learned positions", c.RotaryBase)
	case c.RotaryBase != 0 && c.Heads > 0 && c.Dim/c.Heads%2 != 0:
		return fmt.Errorf("model: dim = %d and heads = %d make heads of %d columns: rotary positions need an even number", c.Dim, c.Heads, c.Dim/c.Heads)
	case c.Window < 0 || !(c.SoftCap >= 0 && c.SoftCap < 1e12):
		return fmt.Errorf("model: window = %d and soft_cap = %v, want 0 or more", c.Window, c.SoftCap)
	}
	if err := CheckBlocks(c.Layers, c.Heads, c.Dim, c.Hidden, c.Dropout); err != nil {
		return err
	}
	return c.Sizes.Check()
}
