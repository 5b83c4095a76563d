using Orrery.Kernel.Time;
using Orrery.Traffic.Predictors;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Sequences;

/// <summary>How a request left the fleet.</summary>
public enum Outcome
{
    /// <summary>Still queued or running.</summary>
    Live,

    /// <summary>Produced all its tokens.</summary>
    Finished,

    /// <summary>Refused on arrival: it could never fit.</summary>
    Rejected,

    /// <summary>The user left.</summary>
    Cancelled,

    /// <summary>The client's timeout passed.</summary>
    TimedOut,
}

/// <summary>
/// The live state of one request on a replica: what a policy may know of it. The true output length stays inside
/// <see cref="Request"/>, which policies must not touch (a test holds them to it); a predictor may reveal an estimate.
/// </summary>
/// <remarks>
/// Tokens: a sequence is its prompt followed by what was generated and what tools returned. <see cref="ComputedTokens"/> of them have
/// their KV, in device memory or (<see cref="IsOnHost"/>) swapped out. A step that computes the last missing token also samples the next
/// one. Decoding is therefore the state with one missing token.
/// </remarks>
public sealed class Sequence
{
    // Read for every sequence of every plan: found once for each segment.
    private int _nextStop;
    private int _tokensAtLastCall;

    // Prompt and what tools returned.
    private int _givenTokens;

    public Sequence(Request request, int limitTokens, int predictedOutputTokens)
    {
        Request = request;
        OutputLimit = Math.Min(request.OutputTokens, limitTokens);
        MaxTokens = limitTokens;
        PredictedOutputTokens = predictedOutputTokens;
        PromptTokens = request.PromptTokens;
        _givenTokens = request.PromptTokens;
        _nextStop = FindStop();
    }

    /// <summary>What arrived, with the hidden truth. Not for policies.</summary>
    public Request Request { get; }

    public long Id => Request.Id;

    public Instant Arrival => Request.Arrival;

    public int Client => Request.Client;

    /// <summary>Lower is more urgent.</summary>
    public int Priority => Request.Priority;

    /// <summary>The conversation it is a turn of; −1 for none.</summary>
    public long Session => Request.Session;

    public int PromptTokens { get; }

    /// <summary>The most it may generate: the client's limit and the model's, whichever is smaller.</summary>
    public int MaxTokens { get; }

    /// <summary>True when the head of its prompt is named, so that other sequences may supply its KV.</summary>
    public bool HasSharedContent => Request.Content is not null;

    /// <summary>Named content at the head of its prompt: what comparing tokens would find equal in others. Empty: nothing is shared.</summary>
    public ReadOnlySpan<TokenSpan> PromptSpans => Request.Content;

    /// <summary>Adapter (LoRA) index, −1 for none. KV of different adapters is never equal.</summary>
    public int Adapter => Request.Adapter;

    /// <summary>A predictor's estimate of the output length; 0 when nothing is predicted.</summary>
    public int PredictedOutputTokens { get; }

    /// <summary>Estimates of what is left, from something that looks at the sequence while it runs; null when nothing does.</summary>
    public IRemainingEstimate? Remaining { get; internal init; }

    /// <summary>Output tokens produced so far. They survive a preemption: they are re-prefilled, not produced again.</summary>
    public int GeneratedTokens { get; internal set; }

    /// <summary>Leading tokens whose KV exists.</summary>
    public int ComputedTokens { get; internal set; }

    /// <summary>Tokens that finished tool calls have put into the context.</summary>
    public int ReturnedTokens
    {
        get => _givenTokens - PromptTokens;
        internal set => _givenTokens = PromptTokens + value;
    }

    public int TotalTokens => _givenTokens + GeneratedTokens;

    public int MissingTokens => TotalTokens - ComputedTokens;

    /// <summary>True when one step yields one more output token from one query token.</summary>
    public bool IsDecoding => GeneratedTokens > 0 && MissingTokens == 1;

    /// <summary>In a step that has not ended yet: a plan never touches it.</summary>
    public bool InFlight { get; internal set; }

    /// <summary>KV blocks held.</summary>
    public int KvBlocks { get; internal set; }

    /// <summary>Range of virtual addresses held, −1 for none or where memory has no such ranges.</summary>
    internal int KvSlot { get; set; } = -1;

    /// <summary>Its KV is in host memory; planning it brings it back first.</summary>
    public bool IsOnHost { get; internal set; }

    /// <summary>Leading tokens of which host memory has a valid copy.</summary>
    public int HostTokens { get; internal set; }

    /// <summary>
    /// How urgent its scheduler found it last, lower first; 0 where a scheduler says nothing. Host copies of the least urgent are
    /// overwritten first.
    /// </summary>
    public double Standing { get; internal set; }

    /// <summary>Waiting for a tool call: in no queue and no running set.</summary>
    public bool IsPaused { get; internal set; }

    /// <summary>Tool calls made so far.</summary>
    public int CallsMade { get; private set; }

    /// <summary>When the present or last pause began; <see cref="Instant.Never"/> before the first.</summary>
    public Instant PausedAt { get; internal set; } = Instant.Never;

    /// <summary>When the last pause ended; <see cref="Instant.Never"/> before.</summary>
    public Instant ResumedAt { get; internal set; } = Instant.Never;

    /// <summary>Time spent waiting for tools, without a pause that still lasts.</summary>
    public Duration PausedFor { get; internal set; }

    /// <summary>What a predictor says of the next tool call, or of the present one during a pause; null when nothing is predicted.</summary>
    public CallForecast? NextCall => Forecasts?.Next(CallsMade);

    /// <summary>What shall become of its KV at the next call, where the replica's handling decides ahead; else null.</summary>
    public CallIntent? Intent { get; internal set; }

    /// <summary>True while it is paused although its tool has answered: it enters the queue at the next plan.</summary>
    public bool HasAnswer => IsPaused && !ResumedAt.IsNever && ResumedAt >= PausedAt;

    /// <summary>Draft tokens that were verified, and those of them that were right.</summary>
    public int DraftedTokens { get; internal set; }

    /// <inheritdoc cref="DraftedTokens"/>
    public int AcceptedTokens { get; internal set; }

    /// <summary>Draft tokens that say something about the draft: the right ones and the first wrong one of each step.</summary>
    public int JudgedTokens { get; internal set; }

    /// <summary>Prompt tokens that were found in the prefix cache, over all admissions.</summary>
    public int CachedTokens { get; internal set; }

    public int Preemptions { get; internal set; }

    /// <summary>Preemptions before the last token: those whose cost is counted.</summary>
    internal int PreemptionsCounted { get; set; }

    public Outcome Outcome { get; internal set; }

    /// <summary>When a step first included it; <see cref="Instant.Never"/> before.</summary>
    public Instant FirstScheduled { get; internal set; } = Instant.Never;

    public Instant FirstToken { get; internal set; } = Instant.Never;

    public Instant LastToken { get; internal set; } = Instant.Never;

    /// <summary>TPOT: (last − first token − pauses for tools) / (output tokens − 1); zero for a single token.</summary>
    public Duration TimePerToken => GeneratedTokens > 1
        ? Duration.FromNanoseconds((LastToken - FirstToken - PausedFor).Nanoseconds / (GeneratedTokens - 1))
        : Duration.Zero;

    /// <summary>When it left the fleet, whatever the outcome.</summary>
    public Instant End { get; internal set; } = Instant.Never;

    /// <summary>Why it was rejected, in words for the user.</summary>
    public string? Reason { get; internal set; }

    /// <summary>Index of the replica that took it, −1 before routing.</summary>
    public int Replica { get; internal set; } = -1;

    /// <summary>When its reader expects tokens: known with the request, as a limit of the service would be.</summary>
    public Metrics.ReadingExpectation Reading { get; internal init; } = Metrics.ReadingExpectation.Default;

    /// <summary>The client's buffer: what the reader has consumed and when.</summary>
    internal Metrics.Digestion Digestion;

    /// <summary>How fast tokens came; kept only where an objective asks for a pace.</summary>
    internal Metrics.Pace Pace;

    /// <summary>When the client left; tokens that end later are not delivered.</summary>
    internal Instant CancelledAt { get; set; } = Instant.Never;

    /// <summary>The client has left: it goes at the end of the step it is in, or at the next plan.</summary>
    public bool HasClientLeft => !CancelledAt.IsNever;

    /// <summary>It has left, or its client has: nobody moves it any more.</summary>
    internal bool IsGone => Outcome != Outcome.Live || HasClientLeft;

    /// <summary>What it will have left as, when the client has left.</summary>
    internal Outcome PendingOutcome { get; set; }

    /// <summary>Its place among those of its replica, for the replica.</summary>
    internal int ResidentIndex { get; set; } = -1;

    /// <summary>In no queue and no running set: its KV is on its way to another replica.</summary>
    public bool IsMoving { get; internal set; }

    /// <summary>Goes to another replica when it has its first token.</summary>
    public bool HandsOver { get; internal set; }

    /// <summary>Number of the replica that decodes it; −1 while that is open, or where it stays.</summary>
    public int DecodeReplica { get; internal set; } = -1;

    /// <summary>Times that it lost its KV on the device, whatever became of it.</summary>
    internal int KvLosses { get; set; }

    /// <summary>Prompt tokens of its last step that read any.</summary>
    internal int LastChunkTokens { get; set; }

    /// <summary>Times that it went to another replica with its KV.</summary>
    public int Moves { get; internal set; }

    /// <summary>Time in which it could not run because its KV was under way.</summary>
    public Duration MovingFor { get; internal set; }

    /// <summary>Back from a tool with its KV and not planned since: it holds memory while it queues.</summary>
    internal bool QueuesWithKv { get; set; }

    /// <summary>Computed tokens whose KV a draft model lacks: those that came without drafts, or as the last of drafts that were all right.</summary>
    internal int MissedByDraft { get; set; }

    /// <summary>The truth of its own about drafts, kept once it is known; not a number before.</summary>
    internal double AcceptanceRate { get; set; } = double.NaN;

    internal ICallForecasts? Forecasts { get; init; }

    /// <summary>From when on the reader waits for the next token: the last token, or the end of the last pause.</summary>
    internal Instant WaitsSince => ResumedAt.IsNever ? LastToken : Instant.Max(LastToken, ResumedAt);

    /// <summary>When the last copy to the host has ended.</summary>
    internal Instant HostReadyAt { get; set; } = Instant.Zero;

    /// <summary>What the prefix-caching memory remembers of this sequence.</summary>
    internal Memory.CacheClaim? CacheClaim { get; set; }

    /// <summary>Physical blocks held, in the order of its tokens; null where nobody tells blocks apart.</summary>
    internal List<int>? Places { get; set; }

    internal int OutputLimit { get; private set; }

    /// <summary>QoE in [0, 1] of the tokens delivered so far; see <see cref="Metrics.Digestion.Quality"/>. Early first tokens earn nothing.</summary>
    public double QualityOfExperience(Metrics.QoeRule rule) =>
        rule.QualityOf(Digestion, Reading, FirstToken.IsNever ? Duration.Infinite : FirstToken - Arrival);

    /// <summary>True when the finished request kept all limits of the objective.</summary>
    public bool Meets(Metrics.ServiceObjective objective) => objective.IsMetBy(this);

    /// <summary>
    /// Its answer ends after so many output tokens: live, where only the model knows. Called by a real executor before the step that yields the
    /// last of them completes. Policies see nothing of it before the end.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than it has, or more than it may have.</exception>
    public void EndAt(int generatedTokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(generatedTokens, GeneratedTokens);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(generatedTokens, OutputLimit);
        OutputLimit = generatedTokens;
        _nextStop = FindStop();
    }

    internal int RemainingTokens => OutputLimit - GeneratedTokens;

    /// <summary>Output tokens until it finishes or makes a tool call.</summary>
    internal int TokensToStop => _nextStop - GeneratedTokens;

    /// <summary>The call that it makes when it stops next, or null when it finishes then.</summary>
    internal ToolCall? CallAtStop =>
        Request.Calls is { } calls && CallsMade < calls.Length && StopFor(calls[CallsMade]) < OutputLimit ? calls[CallsMade] : null;

    /// <summary>The tool has answered: the next stop is the next call, or the end.</summary>
    internal void EndCall()
    {
        CallsMade++;
        _tokensAtLastCall = GeneratedTokens;
        _nextStop = FindStop();
    }

    private int FindStop() => CallAtStop is { } call ? StopFor(call) : OutputLimit;

    /// <summary>Calls in a row have at least one token between them: the one that a step yields when it reads the answer.</summary>
    private int StopFor(ToolCall call) => Math.Max(call.AfterTokens, _tokensAtLastCall + 1);

    public override string ToString() => $"request {Request.Label ?? Id.ToString(System.Globalization.CultureInfo.InvariantCulture)}";
}
