using Orrery.Serving.Sequences;

namespace Orrery.Lab.Runs;

/// <summary>
/// What the first clients got: tokens of requests that finished, a prompt token once and an output token twice (the weights of VTC,
/// Sheng et al., OSDI 2024).
/// </summary>
public sealed class ClientService
{
    /// <summary>Clients that are counted apart; traffic with more of them is about shares and not about single clients.</summary>
    public const int Most = 16;

    private const long OutputWeight = 2;

    private readonly long[] _tokens = new long[Most];

    /// <summary>By client number; clients beyond the first ones are not counted.</summary>
    public IReadOnlyList<long> Tokens => _tokens;

    public void Add(Sequence sequence)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        if (sequence.Outcome == Outcome.Finished && (uint)sequence.Client < Most)
            _tokens[sequence.Client] += sequence.PromptTokens + (OutputWeight * sequence.GeneratedTokens);
    }
}
