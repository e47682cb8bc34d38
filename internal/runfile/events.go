package runfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Events writes scalars for TensorBoard: a file of TFRecords, each an Event message
// (tensorflow/core/util/event.proto).
type Events struct {
	f *os.File
}

// The numbers of the written fields, from event.proto and summary.proto of TensorFlow.
const (
	eventWallTime, eventStep, eventFileVersion, eventSummary, eventSessionLog = 1, 2, 3, 5, 7

	summaryValue                 = 1
	valueTag, valueSimple        = 1, 2
	sessionStatus                = 1
	sessionStart                 = 1 // value of the enum SessionStatus
	eventsVersion                = "brain.Event:2"
	eventsPattern                = "events.out.tfevents.%010d.%d.euryale"
	crcMaskDelta          uint32 = 0xa282ead8
)

// NewEvents creates a new events.out.tfevents.* file in dir for a run that resumes after the given
// step: TensorBoard then discards later steps of earlier files. A new run starts after step −1.
func NewEvents(dir string, step int) (*Events, error) {
	now := time.Now()
	f, err := createEvents(dir, now.Unix())
	if err != nil {
		return nil, err
	}
	e := &Events{f}
	version := protowire.AppendTag(nil, eventFileVersion, protowire.BytesType)
	err = e.write(now, 0, protowire.AppendString(version, eventsVersion))
	if err == nil {
		session := protowire.AppendVarint(protowire.AppendTag(nil, sessionStatus, protowire.VarintType), sessionStart)
		start := protowire.AppendTag(nil, eventSessionLog, protowire.BytesType)
		err = e.write(now, step+1, protowire.AppendBytes(start, session))
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return e, nil
}

// createEvents creates a new file for every run, even if two runs start in the same second.
func createEvents(dir string, second int64) (*os.File, error) {
	for n := 0; ; n++ {
		path := filepath.Join(dir, fmt.Sprintf(eventsPattern, second, n))
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o666)
		if !errors.Is(err, os.ErrExist) {
			return f, err
		}
	}
}

// Scalars writes the values of a step by name; TensorBoard groups names by the part before a slash.
// When it returns, the event has been passed to the operating system.
func (e *Events) Scalars(step int, values map[string]float64) error {
	var summary []byte
	for _, tag := range slices.Sorted(maps.Keys(values)) {
		value := protowire.AppendTag(nil, valueTag, protowire.BytesType)
		value = protowire.AppendString(value, tag)
		value = protowire.AppendTag(value, valueSimple, protowire.Fixed32Type)
		value = protowire.AppendFixed32(value, math.Float32bits(float32(values[tag])))
		summary = protowire.AppendTag(summary, summaryValue, protowire.BytesType)
		summary = protowire.AppendBytes(summary, value)
	}
	body := protowire.AppendTag(nil, eventSummary, protowire.BytesType)
	return e.write(time.Now(), step, protowire.AppendBytes(body, summary))
}

// Close syncs and closes the file.
func (e *Events) Close() error {
	return errors.Join(e.f.Sync(), e.f.Close())
}

// write writes an Event with the given body field.
func (e *Events) write(at time.Time, step int, body []byte) error {
	event := protowire.AppendTag(nil, eventWallTime, protowire.Fixed64Type)
	event = protowire.AppendFixed64(event, math.Float64bits(float64(at.UnixMicro())/1e6))
	event = protowire.AppendTag(event, eventStep, protowire.VarintType)
	event = protowire.AppendVarint(event, uint64(step))
	_, err := e.f.Write(frame(append(event, body...)))
	return err
}

// frame returns the TFRecord of data: the length, its checksum, the data, its checksum.
func frame(data []byte) []byte {
	r := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	r = binary.LittleEndian.AppendUint32(r, maskedCRC(r))
	r = append(r, data...)
	return binary.LittleEndian.AppendUint32(r, maskedCRC(data))
}

// maskedCRC returns the masked CRC-32C of TFRecords: rotated and shifted, so that the checksum of
// data with checksums is not degenerate.
func maskedCRC(data []byte) uint32 {
	c := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return (c>>15 | c<<17) + crcMaskDelta
}
