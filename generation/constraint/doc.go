// Package constraint restricts generated texts to a language, by construction.
//
// A constraint is a deterministic automaton over bytes: a regular expression, a JSON schema, required
// or forbidden words, a length, a form of verse, or several of these at once. A trie of the
// vocabulary's tokens gives the tokens that each state of the automaton allows (Willard and Louf
// 2023, https://arxiv.org/abs/2307.09702). A token is allowed if it leaves a text of tokens that ends
// in an accepting state, within the tokens that are left. The search for it visits the states that
// matter alone, and what it finds is kept by state.
package constraint
