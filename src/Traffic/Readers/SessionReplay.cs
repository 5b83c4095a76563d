using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Readers;

/// <summary>
/// Plays a trace whose sessions wait: a row with a <c>session</c> arrives its <c>think_seconds</c> (blank: none) after the end of the
/// session's previous row, however slow the system is, but never before its own <c>arrival_seconds</c>. Rows without a session keep their stamp.
/// </summary>
/// <remarks>
/// Requests are numbered as they arrive. Memory grows with the sessions (the end of the last request of each) and with the rows that wait,
/// not with the file.
/// </remarks>
internal sealed class SessionReplay(TraceSource rows) : ITrafficSource
{
    private readonly Dictionary<long, Session> _sessions = [];
    private readonly PriorityQueue<TraceRow, (long Nanoseconds, long Row)> _ready = new();
    private long _rowsRead;
    private long _taken;

    public bool IsClosedLoop => true;

    public long? ExpectedRequests => rows.ExpectedRequests;

    public int ClientCount => rows.ClientCount;

    public string ClientName(int client) => rows.ClientName(client);

    public Instant NextArrival
    {
        get
        {
            ReadUpToNext();
            return _ready.TryPeek(out _, out (long Nanoseconds, long Row) next) ? Instant.FromNanoseconds(next.Nanoseconds) : Instant.Never;
        }
    }

    public Request Take()
    {
        if (NextArrival.IsNever) throw new InvalidOperationException("no request is pending");
        _ready.TryDequeue(out TraceRow row, out (long Nanoseconds, long Row) at);
        return row.ToRequest(_taken++, Instant.FromNanoseconds(at.Nanoseconds));
    }

    public void Completed(Request request, Instant at)
    {
        if (request.Session < 0) return;
        Session session = _sessions[request.Session];
        session.IsBusy = false;
        session.LastEnd = at.Nanoseconds;
        if (session.Waiting.TryDequeue(out Stamped next)) Release(session, next);
    }

    public void Dispose() => rows.Dispose();

    /// <summary>No row arrives before its stamp, so reading may stop at the first stamp after a ready arrival.</summary>
    private void ReadUpToNext()
    {
        while (!rows.NextArrival.IsNever
            && !(_ready.TryPeek(out _, out (long Nanoseconds, long Row) first) && first.Nanoseconds < rows.NextArrival.Nanoseconds))
        {
            long stamp = rows.NextArrival.Nanoseconds;
            Stamped next = new(rows.TakeRow(), stamp, _rowsRead++);
            TraceRow row = next.Row;
            if (row.Session < 0)
            {
                _ready.Enqueue(row, (stamp, next.Number));
                continue;
            }
            if (!_sessions.TryGetValue(row.Session, out Session? session)) _sessions.Add(row.Session, session = new());
            if (session.IsBusy) session.Waiting.Enqueue(next);
            else Release(session, next);
        }
    }

    private void Release(Session session, Stamped next)
    {
        session.IsBusy = true;
        long at = session.LastEnd < 0 ? next.Stamp : Math.Max(next.Stamp, session.LastEnd + next.Row.ThinkNanoseconds);
        _ready.Enqueue(next.Row, (at, next.Number));
    }

    /// <summary>A row with its own arrival and its place in the file, which orders equal times.</summary>
    private readonly record struct Stamped(TraceRow Row, long Stamp, long Number);

    private sealed class Session
    {
        /// <summary>A request is to arrive or has not ended.</summary>
        internal bool IsBusy { get; set; }

        /// <summary>Nanoseconds; negative before the first end.</summary>
        internal long LastEnd { get; set; } = -1;

        internal Queue<Stamped> Waiting { get; } = new();
    }
}
