using System.Threading.Channels;
using Orrery.Engine.Generation;

namespace Orrery.Live.Streams;

/// <summary>How an answer ended.</summary>
public enum StreamEnd
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>The model ended it, a stop string came, or the grammar allows nothing more.</summary>
    Stop,

    /// <summary>As many tokens as were wanted, or as the context holds.</summary>
    Length,

    /// <summary>The client left.</summary>
    Cancelled,

    /// <summary>The service's time limit for it passed.</summary>
    TimedOut,

    /// <summary>It could never run here.</summary>
    Rejected,

    /// <summary>The client reads too slowly: what waits for it has reached the limit.</summary>
    Overflow,

    /// <summary>The service failed or was stopped.</summary>
    Failed,
}

/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="CachedTokens">Those of them that the prefix cache supplied.</param>
/// <param name="CompletionTokens">Tokens of the answer, the one that ended it included.</param>
public readonly record struct StreamUsage(int PromptTokens, int CachedTokens, int CompletionTokens);

/// <summary>
/// An answer on its way from a replica to one client. The writer never waits: what a slow reader has not taken is kept up to a limit, then the
/// answer ends, so that nobody holds a batch up.
/// </summary>
/// <remarks>One thread writes and one reads; <see cref="Cancel"/> may be called by any.</remarks>
public sealed class GenerationStream
{
    /// <summary>Pieces that may wait for a reader: more than the usual answer, some hundred kilobytes (our choice, d).</summary>
    public const int DefaultCapacity = 4096;

    private readonly Channel<GeneratedPiece> _pieces = Channel.CreateUnbounded<GeneratedPiece>(new() { SingleReader = true, SingleWriter = false });
    private readonly Action<GenerationStream> _cancel;
    private readonly int _capacity;
    private int _waiting;
    private int _cancelled;
    private int _ended;

    /// <param name="cancel">Tells the replica that nobody wants the rest; called at most once, on the thread of whoever cancels.</param>
    /// <param name="capacity">Pieces that may wait for the reader.</param>
    public GenerationStream(Action<GenerationStream> cancel, int capacity = DefaultCapacity)
    {
        _cancel = cancel;
        _capacity = capacity;
    }

    /// <summary>How it ended; <see cref="StreamEnd.None"/> while pieces may come. Pieces that are left can be read after the end.</summary>
    public StreamEnd End => (StreamEnd)Volatile.Read(ref _ended);

    /// <summary>Why it was rejected or failed, a sentence for the client.</summary>
    public string? Reason { get; private set; }

    /// <summary>The stop string that ended it, if one did.</summary>
    public string? StoppedAt { get; private set; }

    /// <summary>Tokens; final once it has ended.</summary>
    public StreamUsage Usage { get; private set; }

    /// <summary>Waits for a piece. False: the answer has ended and every piece was read.</summary>
    public ValueTask<bool> WaitAsync(CancellationToken cancellation = default) => _pieces.Reader.WaitToReadAsync(cancellation);

    /// <summary>Takes a piece if one is there.</summary>
    public bool TryRead(out GeneratedPiece piece)
    {
        if (!_pieces.Reader.TryRead(out piece)) return false;
        Interlocked.Decrement(ref _waiting);
        return true;
    }

    /// <summary>Nobody wants the rest: its memory is freed at the end of the step it is in. Harmless after the end.</summary>
    public void Cancel()
    {
        if (End != StreamEnd.None || Interlocked.Exchange(ref _cancelled, 1) != 0) return;
        _cancel(this);
    }

    /// <summary>Adds a piece. False: the reader is too slow, or the answer has ended.</summary>
    public bool TryWrite(in GeneratedPiece piece)
    {
        if (End != StreamEnd.None || Interlocked.Increment(ref _waiting) > _capacity) return false;
        return _pieces.Writer.TryWrite(piece);
    }

    /// <summary>Ends the answer. Only the first call counts.</summary>
    public void Complete(StreamEnd end, StreamUsage usage, string? stoppedAt = null, string? reason = null)
    {
        if (_pieces.Reader.Completion.IsCompleted || End != StreamEnd.None) return;
        Usage = usage;
        StoppedAt = stoppedAt;
        Reason = reason;
        Volatile.Write(ref _ended, (int)end);
        _pieces.Writer.TryComplete();
    }
}
