// Package serving is an HTTP server of trained models with the interface of OpenAI's: texts and chats,
// streamed or whole, from as many models as there is memory for, each with an engine of its own that
// generates all texts of its requests side by side (generation.Engine).
package serving
