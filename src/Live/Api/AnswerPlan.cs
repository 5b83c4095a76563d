using Orrery.Kernel.Random;
using Orrery.Live.Streams;

namespace Orrery.Live.Api;

/// <summary>A request for answers, read and checked.</summary>
internal sealed record AnswerPlan
{
    public required ServedModel Model { get; init; }

    /// <summary>Prompts of the request; each gets <see cref="Choices"/> answers.</summary>
    public required IReadOnlyList<int[]> Prompts { get; init; }

    /// <summary>What all answers have in common.</summary>
    public required GenerationRequest Common { get; init; }

    public int Choices { get; init; } = 1;

    public bool Stream { get; init; }

    /// <summary>A last event tells the tokens.</summary>
    public bool IncludeUsage { get; init; }

    /// <summary>Texts before the answers, one per prompt; null for none.</summary>
    public IReadOnlyList<string>? Echo { get; init; }

    public ToolSet? Tools { get; init; }

    public int Answers => Prompts.Count * Choices;

    public bool WantsLogprobs => Common.Sampling.Logprobs is not null;

    /// <summary>The request of one answer. Each has a seed of its own, or all would be equal; the first has that of the client.</summary>
    public GenerationRequest Request(int answer, string id)
    {
        int choice = answer % Choices;
        ulong seed = choice == 0 ? Common.Sampling.Seed : RandomStream.Root(Common.Sampling.Seed).Split(choice).NextUInt64();
        return Common with
        {
            Id = Answers == 1 ? id : $"{id}-{answer}",
            Prompt = Prompts[answer / Choices],
            Sampling = Common.Sampling with { Seed = seed },
        };
    }
}
