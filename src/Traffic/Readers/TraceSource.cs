using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Readers;

/// <summary>
/// Plays a trace file: streams rows, orders them within the format's window, cuts, scales and repeats. Memory does not grow with the
/// file (unless it is sorted whole).
/// </summary>
public sealed class TraceSource : ITrafficSource
{
    private readonly Func<Stream> _open;
    private readonly string _origin;
    private readonly TraceFormat _format;
    private readonly TraceOptions _options;
    private readonly ClientTable _clients = new();
    private readonly PriorityQueue<TraceRow, (long Nanoseconds, long Ordinal)> _window = new();
    private ITraceParser _parser;
    private int _windowRows;
    private TraceRow _next;
    private Instant _nextArrival;
    private bool _parserEnded;
    private long _ordinal;
    private long _taken;
    private int _pass;
    private long _zero;
    private bool _zeroKnown;
    private long _lastRaw;
    private long _passRows;
    private long _passOffset;
    private long _liftedBefore;

    private TraceSource(Func<Stream> open, string origin, TraceFormat format, TraceOptions options, bool needsArrivals)
    {
        _open = open;
        _origin = origin;
        _format = format;
        _options = options;
        _parser = StartPass();
        if (needsArrivals && !_parser.HasArrivals)
        {
            _parser.Dispose();
            throw new InputException($"{origin}: the file has no arrival times; give them with a rate, for example rate: 2/s");
        }
        Advance();
    }

    public Instant NextArrival => _nextArrival;

    public long? ExpectedRequests => _options.Limit;

    public int ClientCount => Math.Max(1, _clients.Count);

    public string ClientName(int client) => _clients.Count == 0 ? "0" : _clients.Name(client);

    /// <summary>Rows so far whose prompt or output of 0 tokens was counted as 1.</summary>
    public long LiftedRows => _liftedBefore + _parser.LiftedRows;

    public string Format => _format.Name;

    /// <summary>Rows may wait for the end of their session's previous row; see <see cref="SessionReplay"/>.</summary>
    internal bool HasThinkTimes => _parser.HasThinkTimes;

    /// <summary>Opens a trace file, plain or gzip.</summary>
    /// <exception cref="InputException">Missing, unreadable or malformed file; the message names file, line and column.</exception>
    public static TraceSource Open(string path, TraceOptions? options = null)
    {
        if (Directory.Exists(path)) throw new InputException($"{path}: is a folder; name a trace file");
        if (!File.Exists(path)) throw new InputException($"{path}: the file does not exist");
        return Open(() => OpenFile(path), path, options);
    }

    /// <summary>
    /// Plays bytes from anywhere; <paramref name="open"/> is called once per pass (and once to find the format) and must give a
    /// seekable stream.
    /// </summary>
    /// <inheritdoc cref="Open(string, TraceOptions?)" path="/exception"/>
    public static TraceSource Open(Func<Stream> open, string origin, TraceOptions? options = null)
    {
        options ??= new TraceOptions();
        TraceFormat format = options.Format is null ? Sniff(open, origin) : TraceFormat.Named(options.Format);
        return new TraceSource(open, origin, format, options, needsArrivals: true);
    }

    /// <summary>Opens a trace for its rows alone: a file of lengths without arrivals is accepted.</summary>
    internal static TraceSource OpenForRows(string path, TraceOptions options)
    {
        if (!File.Exists(path)) throw new InputException($"{path}: the file does not exist");
        TraceFormat format = options.Format is null ? Sniff(() => OpenFile(path), path) : TraceFormat.Named(options.Format);
        return new TraceSource(() => OpenFile(path), path, format, options, needsArrivals: false);
    }

    public Request Take() => TakeAt(_nextArrival);

    /// <summary>Takes the next row at another time than its own.</summary>
    internal Request TakeAt(Instant arrival)
    {
        long id = _taken;
        return TakeRow().ToRequest(id, arrival);
    }

    /// <summary>Takes the next row as it is.</summary>
    internal TraceRow TakeRow()
    {
        if (_nextArrival.IsNever) throw new InvalidOperationException("no request is pending");
        TraceRow row = _next;
        _taken++;
        Advance();
        return row;
    }

    public void Dispose() => _parser.Dispose();

    internal static Stream OpenFile(string path)
    {
        try
        {
            var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
            if (stream.CanSeek) return stream;
            stream.Dispose();
            throw new InputException($"{path}: is a pipe, and a trace is read more than once; save it to a file first");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be opened ({e.Message})", e);
        }
    }

    internal static TraceFormat Sniff(Func<Stream> open, string origin)
    {
        using var lines = new LineReader(open(), origin);
        if (!lines.TryRead(out Span<byte> first))
            throw new InputException($"{origin}: the file is empty; a header line with column names is needed");
        return TraceFormat.Sniff(first, origin);
    }

    private ITraceParser StartPass()
    {
        _parser = _format.Open(new LineReader(_open(), _origin), _clients);
        _windowRows = _options.Sort ? int.MaxValue : _parser.SortWindowRows;
        _parserEnded = false;
        _zeroKnown = !_parser.StartsAtFirstRow;
        _passRows = 0;
        _lastRaw = 0;
        return _parser;
    }

    private void Advance()
    {
        while (_taken < (_options.Limit ?? long.MaxValue))
        {
            if (TryOrdered(out _next))
            {
                if (!_zeroKnown)
                {
                    _zero = _next.ArrivalNanoseconds;
                    _zeroKnown = true;
                }
                long raw = _next.ArrivalNanoseconds - _zero;
                if (raw < _lastRaw) throw Disorder(raw);
                _lastRaw = raw;
                if (raw < _options.From.Nanoseconds) continue;
                if (raw < _options.To.Nanoseconds)
                {
                    _passRows++;
                    _nextArrival = Instant.FromNanoseconds(Scale(_passOffset + raw - _options.From.Nanoseconds));
                    _next.ThinkNanoseconds = Scale(_next.ThinkNanoseconds);
                    if (_pass > 0) Salt(ref _next, _pass);
                    return;
                }
            }
            if (!NextPass()) break;
        }
        _nextArrival = Instant.Never;
    }

    private long Scale(long nanoseconds) =>
        _options.Speed == 1 ? nanoseconds : (long)Math.Round(nanoseconds / _options.Speed, MidpointRounding.AwayFromZero);

    private bool NextPass()
    {
        if (_passRows == 0 || ++_pass >= _options.Repeat) return false;
        long length = _options.To.IsInfinite
            ? _lastRaw - _options.From.Nanoseconds + ((_lastRaw - _options.From.Nanoseconds) / Math.Max(1, _passRows - 1))
            : _options.To.Nanoseconds - _options.From.Nanoseconds;
        _passOffset += length;
        _liftedBefore += _parser.LiftedRows;
        _parser.Dispose();
        _window.Clear();
        _zero = 0;
        StartPass();
        return true;
    }

    private bool TryOrdered(out TraceRow row)
    {
        row = TraceRow.Blank;
        if (_windowRows == 0) return _parser.TryRead(ref row);
        while (!_parserEnded && _window.Count < _windowRows)
        {
            TraceRow read = TraceRow.Blank;
            if (_parser.TryRead(ref read)) _window.Enqueue(read, (read.ArrivalNanoseconds, _ordinal++));
            else _parserEnded = true;
        }
        return _window.TryDequeue(out row, out _);
    }

    private InputException Disorder(long raw) => new(string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{_origin}:{_parser.LineNumber}: arrival {raw / 1e9} s comes after {_lastRaw / 1e9} s{(_windowRows > 0 ? $", more than {_windowRows} rows out of order" : "")}; sort the file by arrival, or set sort: true"));

    private static void Salt(ref TraceRow row, int pass)
    {
        // Odd constant of the golden ratio: distinct passes give distinct ids.
        ulong salt = (ulong)pass * 0x9E3779B97F4A7C15UL;
        if (row.Content is { } content) row.Content = Array.ConvertAll(content, span => span with { ContentId = span.ContentId ^ salt });
        if (row.OutputContentId != 0) row.OutputContentId ^= salt;
        if (row.Session >= 0) row.Session = (long)(((ulong)row.Session ^ salt) & long.MaxValue);
    }
}
