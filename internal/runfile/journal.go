package runfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

// journalSuffix is added to the name of an output file for the file that says how far it is.
const journalSuffix = ".resume"

// Journal is an output file that grows by whole records, and continues where it ended after its
// writer was killed. Until Finish a second file beside it, with the suffix ".resume", has a line
// for each record: the length of the output after it, and a state of the writer.
type Journal struct {
	path  string
	out   *os.File
	log   *os.File
	size  int64  // of the output up to the last record
	state string // of the last record
	next  []byte // of the record that is being written
}

// OpenJournal creates the output file at path, or continues it. Identity is what the output
// follows from, by name: if the file was begun with another, the error names the differences. A
// file that has no journal, because it is complete or of another origin, is an error too.
func OpenJournal(path string, identity map[string]string) (*Journal, error) {
	log, err := os.OpenFile(path+journalSuffix, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(path); err == nil {
			return nil, fmt.Errorf("%s exists, and is complete or of another origin: delete it, or choose another name", path)
		}
		log, err = os.OpenFile(path+journalSuffix, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	}
	if err != nil {
		return nil, err
	}
	j := &Journal{path: path, log: log}
	if err := j.open(identity); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// open locks and reads the journal, and truncates the output to the last record.
func (j *Journal) open(identity map[string]string) error {
	switch locked, err := lockFile(j.log); {
	case err != nil:
		return err
	case !locked:
		return fmt.Errorf("%s is being written by another process", j.path)
	}
	raw, err := os.ReadFile(j.log.Name())
	if err != nil {
		return err
	}
	if j.out, err = os.OpenFile(j.path, os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return err
	}
	info, err := j.out.Stat()
	if err != nil {
		return err
	}
	head, records, whole := bytes.Cut(raw, []byte("\n"))
	if !whole { // its writer was killed before the first record
		if info.Size() > 0 {
			return fmt.Errorf("%s does not say how far %s is: delete both", j.log.Name(), j.path)
		}
		return j.begin(identity)
	}
	if err := sameIdentity(j.path, head, identity); err != nil {
		return err
	}
	end, err := j.find(records, info.Size())
	if err != nil {
		return err
	}
	return errors.Join(j.log.Truncate(int64(len(head)+1+end)), seekEnd(j.log), j.out.Truncate(j.size), seekEnd(j.out))
}

func seekEnd(f *os.File) error { _, err := f.Seek(0, 2); return err }

// begin writes the first line of a journal: the identity.
func (j *Journal) begin(identity map[string]string) error {
	raw, err := json.Marshal(identity)
	if err != nil {
		return err
	}
	if err := j.log.Truncate(0); err != nil {
		return err
	}
	_, err = j.log.WriteAt(append(raw, '\n'), 0)
	return errors.Join(err, seekEnd(j.log))
}

// sameIdentity returns an error that names what differs from the identity of a journal.
func sameIdentity(path string, head []byte, identity map[string]string) error {
	var was map[string]string
	if err := json.Unmarshal(head, &was); err != nil {
		return fmt.Errorf("%s%s is damaged: %w: delete it and %s", path, journalSuffix, JSONError(err), path)
	}
	var differ []string
	all := maps.Clone(was)
	maps.Copy(all, identity)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if was[name] != identity[name] {
			differ = append(differ, name)
		}
	}
	if len(differ) == 0 {
		return nil
	}
	return fmt.Errorf("%s was begun with another %s: call the same command to continue it, or delete it and %s%s, or choose another name",
		path, strings.Join(differ, ", "), path, journalSuffix)
}

// find sets size and state to those of the last whole record whose bytes the output has, and
// returns the length of the records up to it.
func (j *Journal) find(records []byte, size int64) (end int, err error) {
	for at := 0; ; {
		line, _, whole := bytes.Cut(records[at:], []byte("\n"))
		if !whole {
			return end, nil
		}
		at += len(line) + 1
		length, state, ok := strings.Cut(string(line), " ")
		n, err := strconv.ParseInt(length, 10, 64)
		if err != nil || !ok || n < j.size {
			return 0, fmt.Errorf("%s is damaged at %q: delete it and %s", j.log.Name(), line, j.path)
		}
		if n > size {
			return end, nil
		}
		j.size, j.state, end = n, state, at
	}
}

// State returns the state of the last record, "" if there is none.
func (j *Journal) State() string { return j.state }

// Write appends to the record that is being written.
func (j *Journal) Write(p []byte) (int, error) {
	j.next = append(j.next, p...)
	return len(p), nil
}

// Mark ends the record: it writes it to the output, then the journal's line with the state,
// which has no line breaks.
func (j *Journal) Mark(state string) error {
	if _, err := j.out.Write(j.next); err != nil {
		return err
	}
	j.size, j.state = j.size+int64(len(j.next)), state
	j.next = j.next[:0]
	_, err := fmt.Fprintf(j.log, "%d %s\n", j.size, state)
	return err
}

// Finish syncs the output and removes the journal.
func (j *Journal) Finish() error {
	if err := j.out.Sync(); err != nil {
		return errors.Join(err, j.Close())
	}
	err := j.Close()
	return errors.Join(err, os.Remove(j.log.Name()))
}

// Close closes the files, without the record that is not ended. The output can be continued.
func (j *Journal) Close() error {
	var err error
	if j.out != nil {
		err = j.out.Close()
	}
	return errors.Join(err, j.log.Close())
}
