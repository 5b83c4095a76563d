using Orrery.Documents;
using Orrery.Kernel;

namespace Orrery.Traffic.Readers;

/// <summary>Lines of a byte stream without a string per line: one buffer, which grows to the longest line and no further.</summary>
/// <remarks>Gzip is recognised by its first two bytes (RFC 1952), not by the file's name. LF and CRLF end a line; the last line may
/// lack its end; a UTF-8 byte order mark is skipped.</remarks>
internal sealed class LineReader : IDisposable
{
    /// <summary>
    /// Longest line accepted. A Mooncake row of a million-token prompt has about 16 KB; beyond this the file is no trace.
    /// </summary>
    internal const int MaxLineBytes = 16 << 20;

    private const int InitialBufferBytes = 1 << 16;

    private readonly Stream _stream;
    private byte[] _buffer = new byte[InitialBufferBytes];
    private int _start;
    private int _end;
    private bool _ended;

    internal LineReader(Stream stream, string origin)
    {
        Origin = origin;
        _stream = InputFile.Unzip(stream, origin);
        Fill();
        if (_end >= 3 && _buffer[0] == 0xEF && _buffer[1] == 0xBB && _buffer[2] == 0xBF) _start = 3;
    }

    /// <summary>The file's name as shown in errors.</summary>
    internal string Origin { get; }

    /// <summary>Number of the line last read, from 1.</summary>
    internal long LineNumber { get; private set; }

    /// <summary>The line is valid, and may be changed in place, until the next call.</summary>
    internal bool TryRead(out Span<byte> line)
    {
        int scanned = 0;
        while (true)
        {
            int length = _buffer.AsSpan(_start + scanned, _end - _start - scanned).IndexOf((byte)'\n');
            if (length >= 0)
            {
                length += scanned;
                line = Trim(_buffer.AsSpan(_start, length));
                _start += length + 1;
                LineNumber++;
                return true;
            }
            scanned = _end - _start;
            if (!_ended)
            {
                Fill();
                continue;
            }
            line = Trim(_buffer.AsSpan(_start, scanned));
            _start = _end;
            if (scanned == 0) return false;
            LineNumber++;
            return true;
        }
    }

    /// <summary>An error at the current line.</summary>
    internal InputException Error(string sentence) => new($"{Origin}:{LineNumber}: {sentence}");

    public void Dispose() => _stream.Dispose();

    private static Span<byte> Trim(Span<byte> line) => line is [.. var rest, (byte)'\r'] ? rest : line;

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
        if (_end == _buffer.Length)
        {
            if (_end >= MaxLineBytes)
                throw new InputException($"{Origin}:{LineNumber + 1}: the line is longer than {MaxLineBytes >> 20} MiB; is this a text file with one request a line?");
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
        try
        {
            int read = _stream.Read(_buffer, _end, _buffer.Length - _end);
            if (read == 0) _ended = true;
            _end += read;
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new InputException($"{Origin}:{LineNumber + 1}: cannot be read on ({e.Message}); is the file complete?", e);
        }
    }
}
