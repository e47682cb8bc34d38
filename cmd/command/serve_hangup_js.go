package command

import "euryale/serving"

// reloadOnHangup does nothing: a browser has no SIGHUP.
func reloadOnHangup(*serving.Server) (stop func()) { return func() {} }
