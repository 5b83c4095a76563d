using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Globalization;
using Orrery.Engine.Attention;
using Orrery.Engine.Generation;
using Orrery.Engine.Sampling;
using Orrery.Kernel;
using Orrery.Kernel.Processes;
using Orrery.Kernel.Units;
using Orrery.Live.Designs;
using Orrery.Live.Settings;
using Orrery.Live.Streams;
using Orrery.Serving.Fleets;
using Orrery.Serving.Replicas;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Replicas;

/// <summary>
/// A model that runs in this process: weights, KV pages, and the simulation's own replica deciding every step of it. This file: what any thread
/// may ask; what happens on the loop has a file of its own.
/// </summary>
public sealed partial class LiveModel : ILiveModel, IDisposable
{
    private const string Closing = "the service is shutting down; try again later or elsewhere";

    private readonly LoadedEngine _engine;
    private readonly KvStore _store;
    private readonly LiveDrafts? _drafts;
    private readonly EngineThread _thread;
    private readonly SamplingBuffers _buffers;
    private readonly ContentKey? _content;
    private readonly Clock _clock;
    private readonly int _streamCapacity;

    /// <summary>Answers that have not ended, so that none waits for ever when the loop itself fails.</summary>
    private readonly ConcurrentDictionary<LiveAnswer, bool> _open = new();

    private long _running;
    private long _waiting;
    private double _kvUse;
    private string? _refusal;

    /// <inheritdoc/>
    public string Id => Design.Model;

    /// <inheritdoc/>
    public long CreatedUnixSeconds { get; }

    /// <inheritdoc/>
    public ModelText Text => _engine.Text;

    /// <inheritdoc/>
    public int VocabularySize => _engine.Model.Config.Vocabulary;

    /// <inheritdoc/>
    public int ContextLength => Design.MaxModelTokens;

    /// <inheritdoc/>
    public IReadOnlyList<string> Adapters { get; }

    /// <summary>As they were given.</summary>
    public ModelSettings Settings { get; }

    /// <summary>What its decisions depend on.</summary>
    public LiveDesign Design { get; }

    /// <summary>Bytes of weights, KV pages and the pool for swapped ones, those of a draft model included.</summary>
    public Bytes Memory => new(_engine.Model.WeightBytes + (_store.PageBytes * _store.Pages) + (Settings.Swap?.Size.Count ?? 0) + (_drafts?.Bytes ?? 0));

    /// <summary>For observers, on the loop.</summary>
    public Fleet Fleet => _fleet.Fleet;

    /// <summary>For observers, on the loop.</summary>
    public Replica Replica => _fleet.Replica;

    /// <inheritdoc/>
    public ModelLoad Load => new((int)Volatile.Read(ref _running), (int)Volatile.Read(ref _waiting), Volatile.Read(ref _kvUse));

    /// <inheritdoc/>
    public GenerationStream Start(GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        LiveAnswer? answer = null;
        GenerationStream stream = new(_ => _clock.Post(() => Leave(answer!)), _streamCapacity);
        TokenSpan[]? content;
        try
        {
            answer = Answer(request, stream);
            content = _content?.Name(request.Prompt);
        }
        catch (InputException wrong)
        {
            stream.Complete(StreamEnd.Rejected, new(request.Prompt.Length, 0, 0), reason: wrong.Message);
            return stream;
        }
        _open.TryAdd(answer, true);
        _clock.Post(() => Submit(answer, content));
        // After the post: whoever closes the model looks at the open answers after it has said so.
        if (Volatile.Read(ref _refusal) is { } reason) EndOpen(answer, StreamEnd.Failed, reason);
        return stream;
    }

    /// <inheritdoc/>
    public Task<float[]> EmbedAsync(int[] tokens, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        if (tokens.Length > ContextLength)
            return Task.FromException<float[]>(new InputException(string.Create(CultureInfo.InvariantCulture, $"the text has {tokens.Length} tokens, but the model's context holds {ContextLength}: shorten it")));
        try
        {
            CheckTokens(tokens);
        }
        catch (InputException wrong)
        {
            return Task.FromException<float[]>(wrong);
        }
        if (Volatile.Read(ref _refusal) is { } reason) return Task.FromException<float[]>(new ModelUnavailableException(reason));
        EmbeddingErrand errand = new(_engine.Model, tokens, Closing, cancellation);
        _thread.Ask(errand);
        return errand.Result.WaitAsync(cancellation);
    }

    /// <summary>Gives all memory back. The loop must have ended.</summary>
    public void Dispose()
    {
        _thread.Dispose();
        _store.Dispose();
        _drafts?.Dispose();
        _engine.Dispose();
    }

    /// <summary>Its KV pages.</summary>
    internal KvStore Store => _store;

    /// <summary>New requests end at once, with this reason; from any thread. Only the first reason counts.</summary>
    internal void Refuse(string reason = Closing) => Interlocked.CompareExchange(ref _refusal, reason, null);

    /// <summary>Every answer that is open ends, with this reason: the loop has ended or is the caller.</summary>
    internal void EndAll(string reason)
    {
        Refuse(reason);
        foreach (LiveAnswer answer in _open.Keys) EndOpen(answer, StreamEnd.Failed, reason);
    }

    private LiveAnswer Answer(GenerationRequest request, GenerationStream stream)
    {
        PromptCheck.Throw(request.Prompt, VocabularySize, ContextLength);
        foreach (ScriptedCall call in request.Calls ?? []) CheckCall(call);
        if (request.Adapter < -1 || request.Adapter >= Adapters.Count)
            throw new InputException(string.Create(CultureInfo.InvariantCulture, $"adapter {request.Adapter} does not exist; model {Id} has {Adapters.Count}"));
        Sampler sampler = new(request.Sampling, VocabularySize, _buffers, request.Prompt.Length + Math.Max(0, request.MaxTokens));
        bool ignoresEnd = request.IgnoresEnd && request.Grammar is null;
        return new(
            request, stream, sampler, new TokenText(Text.Tokenizer, request.IsContinuation, request.ShowsSpecial),
            ignoresEnd ? FrozenSet<int>.Empty : Text.Tokenizer.EndOfGeneration,
            request.Adapter < 0 ? null : _engine.Adapters[request.Adapter]);
    }

    private void CheckCall(ScriptedCall call)
    {
        if (call.Returned.Length > 0) CheckTokens(call.Returned);
        if (call.Returned.Length != call.Call.ReturnTokens)
            throw new InputException(string.Create(CultureInfo.InvariantCulture, $"a call returns {call.Call.ReturnTokens} tokens and names {call.Returned.Length}; write the same number"));
    }

    /// <summary>What nobody may hand to the engine.</summary>
    private void CheckTokens(ReadOnlySpan<int> tokens) => PromptCheck.Throw(tokens, VocabularySize, int.MaxValue);

    private void EndOpen(LiveAnswer answer, StreamEnd end, string? reason = null)
    {
        if (_open.TryRemove(answer, out _)) answer.Stream.Complete(end, answer.Usage, answer.StoppedAt, reason);
    }
}
