using Orrery.Engine.Generation;
using Orrery.Engine.Models;
using Orrery.Engine.Sampling;
using Orrery.Live.Streams;
using Orrery.Serving.Sequences;

namespace Orrery.Live.Replicas;

/// <summary>
/// One answer while it is made: its tokens, how they are chosen and turned into text, and where it ends. The rules are those of the engine's
/// <see cref="Generator"/>, so that a request gets the same answer here as alone.
/// </summary>
/// <remarks>
/// Never used by two threads at once: the loop hands it to the engine with a step, and the end of the step hands it back. The tokens outlive
/// preemptions; what is computed again is read from here.
/// </remarks>
internal sealed partial class LiveAnswer
{
    private readonly StopStrings _stops;
    private readonly TokenText _text;
    private readonly IReadOnlySet<int> _ends;
    private readonly ulong[] _allowed;
    private readonly List<GeneratedPiece> _pieces = new(1);
    private int[] _tokens;
    private int _count;
    private int _delivered;
    private int _callsEnded;
    private int _producedAtLastCall;

    /// <param name="request">Checked.</param>
    /// <param name="stream">Takes the answer.</param>
    /// <param name="sampler">Of this answer alone; the prompt has not been told to it.</param>
    /// <param name="text">Of this answer alone.</param>
    /// <param name="endOfGeneration">Tokens that end answers.</param>
    /// <param name="adapter">Changes the weights, or null.</param>
    public LiveAnswer(
        GenerationRequest request, GenerationStream stream, Sampler sampler, TokenText text, IReadOnlySet<int> endOfGeneration, LoraAdapter? adapter)
    {
        Request = request;
        Stream = stream;
        Sampler = sampler;
        Mask = request.Grammar?.Restart();
        Adapter = adapter;
        _text = text;
        _stops = new(request.Sampling.Stop);
        _ends = endOfGeneration;
        _allowed = Mask is null ? [] : new ulong[(sampler.Vocabulary + 63) / 64];
        _tokens = new int[request.Prompt.Length + 64];
        Append(request.Prompt);
        sampler.AcceptPrompt(request.Prompt);
    }

    public GenerationRequest Request { get; }

    public GenerationStream Stream { get; }

    public Sampler Sampler { get; }

    public ITokenMask? Mask { get; }

    public LoraAdapter? Adapter { get; }

    /// <summary>What the fleet knows of it; set when it is submitted.</summary>
    public Sequence? Sequence { get; set; }

    /// <summary>Its client has left, was too slow or has been told of a failure: nothing more is written.</summary>
    public bool IsGone { get; set; }

    /// <summary>Prompt tokens that a cache supplied when it first ran; −1 before.</summary>
    public int CachedTokens { get; set; } = -1;

    /// <summary>Prompt, answer, and what tools returned.</summary>
    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, _count);

    /// <summary>Tokens of the answer.</summary>
    public int Produced { get; private set; }

    /// <summary>How it ended, as far as its tokens say.</summary>
    public StreamEnd End { get; private set; }

    /// <summary>The stop string that ended it.</summary>
    public string? StoppedAt => _stops.Matched;

    /// <summary>Why it could not go on, for the client; <see cref="End"/> is then <see cref="StreamEnd.Failed"/>.</summary>
    public string? Failure { get; private set; }

    /// <summary>What its client has been given; the loop's.</summary>
    public StreamUsage Usage => new(Request.Prompt.Length, Math.Max(0, CachedTokens), _delivered);

    /// <summary>Tokens of the answer until it ends or calls a tool.</summary>
    private int TokensToStop
    {
        get
        {
            int limit = Sequence!.MaxTokens;
            if (Request.Calls is { } calls && _callsEnded < calls.Count) limit = Math.Min(limit, Math.Max(calls[_callsEnded].Call.AfterTokens, _producedAtLastCall + 1));
            return limit - Produced;
        }
    }

    /// <summary>Takes in what tools have returned by now.</summary>
    /// <param name="totalTokens">Tokens that the sequence has.</param>
    public void TakeReturned(int totalTokens)
    {
        while (_count < totalTokens)
        {
            int[] returned = Request.Calls![_callsEnded++].Returned;
            _producedAtLastCall = Produced;
            Append(returned);
            Sampler.AcceptPrompt(returned);
        }
    }

    /// <summary>Hands over what the last step brought. False when the reader is too slow.</summary>
    public bool TryDeliver()
    {
        bool isTaken = true;
        _delivered = Produced;
        foreach (GeneratedPiece piece in _pieces) isTaken = isTaken && Stream.TryWrite(piece);
        return isTaken;
    }

    private void Append(ReadOnlySpan<int> tokens)
    {
        if (_count + tokens.Length > _tokens.Length) Array.Resize(ref _tokens, Math.Max(_count + tokens.Length, 2 * _tokens.Length));
        tokens.CopyTo(_tokens.AsSpan(_count));
        _count += tokens.Length;
    }
}
