package picture

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"image"
	"io"
	"unicode/utf16"
)

// EncodePDF writes a picture as a document of one page that it fills, dpi pixels an inch, losslessly (ISO 32000-1: one image XObject of DeviceRGB with
// FlateDecode). The title is for the reader's window; it may be Chinese.
func EncodePDF(w io.Writer, m *image.RGBA, dpi float64, title string) error {
	if !(dpi >= 1 && dpi <= 2400) {
		return fmt.Errorf("%w: %g pixels an inch", ErrOptions, dpi)
	}
	width, height := m.Rect.Dx(), m.Rect.Dy()
	if width == 0 || height == 0 {
		return fmt.Errorf("%w: an empty picture", ErrOptions)
	}
	pixels, err := deflated(m)
	if err != nil {
		return fmt.Errorf("encode picture: %w", err)
	}
	wide, high := float64(width)*72/dpi, float64(height)*72/dpi
	page := fmt.Sprintf("q %.3f 0 0 %.3f 0 0 cm /Map Do Q\n", wide, high)
	p := pdfWriter{w: w}
	p.text("%%PDF-1.4\n%%\xe5\x9d\x97\n") // bytes above 127 tell programs that the file is not text
	p.object("<< /Type /Catalog /Pages 2 0 R /ViewerPreferences << /DisplayDocTitle true >> >>")
	p.object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	p.object(fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %.3f %.3f] /Resources << /XObject << /Map 5 0 R >> >> /Contents 4 0 R >>", wide, high))
	p.stream("", []byte(page))
	p.stream(fmt.Sprintf("/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /FlateDecode "+
		"/DecodeParms << /Predictor 15 /Colors 3 /BitsPerComponent 8 /Columns %d >> ", width, height, width), pixels)
	p.object(fmt.Sprintf("<< /Title %s /Producer (Kuaitu) >>", pdfText(title)))
	start := p.n
	p.text("xref\n0 %d\n0000000000 65535 f \n", len(p.offsets)+1)
	for _, at := range p.offsets {
		p.text("%010d 00000 n \n", at)
	}
	p.text("trailer\n<< /Size %d /Root 1 0 R /Info 6 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(p.offsets)+1, start)
	if p.err != nil {
		return fmt.Errorf("encode picture: %w", p.err)
	}
	return nil
}

// deflated packs the colours row by row; each row says how it differs from the one above, which halves a map.
func deflated(m *image.RGBA) ([]byte, error) {
	var out bytes.Buffer
	z, err := zlib.NewWriterLevel(&out, zlib.BestSpeed)
	if err != nil {
		return nil, err
	}
	width := m.Rect.Dx()
	row := make([]byte, 1+3*width)
	row[0] = 2 // the filter "up" of PNG
	above := make([]byte, 3*width)
	for y := range m.Rect.Dy() {
		pix := m.Pix[y*m.Stride : y*m.Stride+4*width]
		for x := range width {
			for c := range 3 {
				v := pix[4*x+c]
				row[1+3*x+c] = v - above[3*x+c]
				above[3*x+c] = v
			}
		}
		if _, err := z.Write(row); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// pdfText is a string in UTF-16BE, as hexadecimal digits.
func pdfText(s string) string {
	out := []byte("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		out = fmt.Appendf(out, "%04X", u)
	}
	return string(append(out, '>'))
}

// pdfWriter counts bytes, which the table of objects at the end needs. It keeps the first error.
type pdfWriter struct {
	w       io.Writer
	n       int
	offsets []int
	err     error
}

func (p *pdfWriter) write(b []byte) {
	if p.err == nil {
		var n int
		n, p.err = p.w.Write(b)
		p.n += n
	}
}

func (p *pdfWriter) text(format string, args ...any) { p.write(fmt.Appendf(nil, format, args...)) }

func (p *pdfWriter) begin() {
	p.offsets = append(p.offsets, p.n)
	p.text("%d 0 obj\n", len(p.offsets))
}

func (p *pdfWriter) object(body string) {
	p.begin()
	p.text("%s\nendobj\n", body)
}

func (p *pdfWriter) stream(dictionary string, data []byte) {
	p.begin()
	p.text("<< %s/Length %d >>\nstream\n", dictionary, len(data))
	p.write(data)
	p.text("\nendstream\nendobj\n")
}
