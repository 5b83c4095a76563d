using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Readers;

/// <summary>One row as parsed: mutable, so that windows, scaling and repetition apply before the request is made.</summary>
internal struct TraceRow
{
    /// <summary>
    /// Start of all absolute times is arbitrary; the source subtracts the first row's where the format has calendar times.
    /// </summary>
    internal long ArrivalNanoseconds;
    internal string? Label;
    internal int PromptTokens;
    internal int OutputTokens;
    internal int MaxTokens;
    internal int Client;
    internal int Priority;
    internal int Adapter;
    internal TokenSpan[]? Content;
    internal ulong OutputContentId;
    internal long Session;

    /// <summary>Pause between the end of the session's previous row and this one.</summary>
    internal long ThinkNanoseconds;
    internal Duration TtftLimit;
    internal Duration TpotLimit;
    internal Duration Timeout;
    internal Duration CancelAfter;
    internal ToolCall[]? Calls;

    internal static TraceRow Blank => new() { Adapter = -1, Session = -1, Timeout = Duration.Infinite, CancelAfter = Duration.Infinite };

    internal readonly Request ToRequest(long id, Instant arrival) => new()
    {
        Id = id,
        Label = Label,
        Arrival = arrival,
        PromptTokens = PromptTokens,
        OutputTokens = OutputTokens,
        MaxTokens = MaxTokens,
        Client = Client,
        Priority = Priority,
        Adapter = Adapter,
        Content = Content,
        OutputContentId = OutputContentId,
        Session = Session,
        TtftLimit = TtftLimit,
        TpotLimit = TpotLimit,
        Timeout = Timeout,
        CancelAfter = CancelAfter,
        Calls = Calls,
    };
}

/// <summary>Reads the rows of one format. One instance per pass over the file.</summary>
internal interface ITraceParser : IDisposable
{
    /// <summary>Calendar times or unknown origin: the first row arrives at zero.</summary>
    bool StartsAtFirstRow { get; }

    /// <summary>Rows by which the format may be out of order; 0 = strictly ordered.</summary>
    int SortWindowRows { get; }

    /// <summary>False for a file of lengths alone: arrivals must come from a process.</summary>
    bool HasArrivals { get; }

    /// <summary>Rows may wait for the end of their session's previous row.</summary>
    bool HasThinkTimes => false;

    /// <summary>Rows whose token count was 0 and became 1.</summary>
    long LiftedRows { get; }

    string Origin { get; }

    long LineNumber { get; }

    bool TryRead(ref TraceRow row);
}
