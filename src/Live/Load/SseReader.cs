namespace Orrery.Live.Load;

/// <summary>
/// Takes the data out of a stream of server-sent events as bytes arrive, wherever they are cut (WHATWG HTML, "Server-sent events", a). Names of
/// events, ids and comments are passed over. Memory is bounded; nothing is allocated per event.
/// </summary>
internal sealed class SseReader
{
    /// <summary>No event of a token is near it; a longer one is no event stream (our choice, d).</summary>
    public const int LongestEventBytes = 1 << 20;

    private const int FirstBufferBytes = 1 << 12;

    private byte[] _bytes = new byte[FirstBufferBytes];
    private byte[] _data = new byte[FirstBufferBytes];
    private int _start;
    private int _end;
    private int _scanned;
    private int _dataLength;
    private bool _hasData;
    private bool _skipsLineFeed;
    private bool _isDelivered;

    /// <summary>Room for the next bytes; tell <see cref="Filled"/> how many came.</summary>
    /// <exception cref="InvalidDataException">A line is longer than <see cref="LongestEventBytes"/>.</exception>
    public Memory<byte> Free()
    {
        if (_start > 0)
        {
            _bytes.AsSpan(_start, _end - _start).CopyTo(_bytes);
            (_end, _scanned, _start) = (_end - _start, _scanned - _start, 0);
        }
        if (_end == _bytes.Length) Array.Resize(ref _bytes, Larger(_bytes.Length));
        return _bytes.AsMemory(_end);
    }

    /// <summary>Forgets what is left, for another stream.</summary>
    public void Reset()
    {
        (_start, _end, _scanned, _dataLength) = (0, 0, 0, 0);
        (_hasData, _skipsLineFeed, _isDelivered) = (false, false, false);
    }

    public void Filled(int count) => _end += count;

    /// <summary>The data of the next whole event; valid until the next call of any method.</summary>
    /// <exception cref="InvalidDataException">An event is longer than <see cref="LongestEventBytes"/>.</exception>
    public bool TryRead(out ReadOnlySpan<byte> data)
    {
        if (_isDelivered) (_isDelivered, _hasData, _dataLength) = (false, false, 0);
        while (TryLine(out ReadOnlySpan<byte> line))
        {
            if (!line.IsEmpty)
            {
                Take(line);
                continue;
            }
            if (!_hasData) continue;
            _isDelivered = true;
            data = _data.AsSpan(0, _dataLength);
            return true;
        }
        data = default;
        return false;
    }

    /// <summary>The stream has ended: the data of an event whose empty line never came, which some servers leave out at the very end.</summary>
    public bool TryFinish(out ReadOnlySpan<byte> data)
    {
        if (_isDelivered) (_isDelivered, _hasData, _dataLength) = (false, false, 0);
        if (_end > _start) Take(_bytes.AsSpan(_start, _end - _start));
        _start = _end;
        data = _data.AsSpan(0, _dataLength);
        bool hasData = _hasData;
        _isDelivered = true;
        return hasData;
    }

    private bool TryLine(out ReadOnlySpan<byte> line)
    {
        if (_skipsLineFeed && _start < _end)
        {
            _skipsLineFeed = false;
            if (_bytes[_start] == '\n') _start++;
            _scanned = Math.Max(_scanned, _start);
        }
        int found = _bytes.AsSpan(_scanned, _end - _scanned).IndexOfAny((byte)'\n', (byte)'\r');
        if (found < 0)
        {
            _scanned = _end;
            line = default;
            return false;
        }
        int at = _scanned + found;
        line = _bytes.AsSpan(_start, at - _start);
        _skipsLineFeed = _bytes[at] == '\r';
        _start = _scanned = at + 1;
        return true;
    }

    private void Take(ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith("data"u8)) return;
        ReadOnlySpan<byte> value = line[4..];
        if (!value.IsEmpty)
        {
            if (value[0] != ':') return;
            value = value[1..];
            if (!value.IsEmpty && value[0] == ' ') value = value[1..];
        }
        int length = _dataLength + (_hasData ? 1 : 0) + value.Length;
        while (length > _data.Length) Array.Resize(ref _data, Larger(_data.Length));
        if (_hasData) _data[_dataLength++] = (byte)'\n';
        value.CopyTo(_data.AsSpan(_dataLength));
        _dataLength += value.Length;
        _hasData = true;
    }

    private static int Larger(int bytes) => bytes < LongestEventBytes ? 2 * bytes : throw new InvalidDataException($"an event is longer than {LongestEventBytes} bytes");
}
