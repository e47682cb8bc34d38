// Package page shows the views of package inspect/view for one text as a self-contained web page in
// English and Chinese. Hovering over a token, a layer or a head marks it in all views.
package page
