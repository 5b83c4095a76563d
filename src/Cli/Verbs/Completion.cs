using Orrery.Engine.Generation;

namespace Orrery.Cli.Verbs;

/// <summary>What <c>generate</c> made, for people and for <c>--json</c>.</summary>
internal sealed record Completion
{
    public required string Model { get; init; }

    public required IReadOnlyList<int> Prompt { get; init; }

    public required string Text { get; init; }

    public required IReadOnlyList<GeneratedPiece> Pieces { get; init; }

    public required FinishReason Finish { get; init; }

    public required string? StoppedAt { get; init; }

    public required ulong Seed { get; init; }

    public required GenerationStatistics Statistics { get; init; }

    public required double LoadSeconds { get; init; }

    /// <summary>From the first token of the prompt to the first of the answer.</summary>
    public required double PromptSeconds { get; init; }

    /// <summary>From the first token of the answer to the last.</summary>
    public required double DecodeSeconds { get; init; }

    public int Tokens => Pieces.Count(piece => piece.Token is not null);

    public double PromptTokensPerSecond => Rate(Prompt.Count, PromptSeconds);

    /// <summary>The first token came with the prompt.</summary>
    public double DecodeTokensPerSecond => Rate(Tokens - 1, DecodeSeconds);

    private static double Rate(int tokens, double seconds) => tokens <= 0 || seconds <= 0 ? 0 : tokens / seconds;
}
