using System.Globalization;

namespace Orrery.Engine.Benchmarks;

/// <summary>One line of the engine's benchmark.</summary>
/// <param name="PromptTokens">Tokens of a prompt that is prefilled, or 0.</param>
/// <param name="GeneratedTokens">Tokens that each sequence generates, or 0.</param>
/// <param name="Sequences">Sequences that are decoded together.</param>
public sealed record BenchTest(int PromptTokens, int GeneratedTokens, int Sequences)
{
    /// <summary>As llama-bench names it (pp512, tg128), with the number of sequences after an @ where there are several.</summary>
    public string Name => PromptTokens > 0
        ? string.Create(CultureInfo.InvariantCulture, $"pp{PromptTokens}")
        : string.Create(CultureInfo.InvariantCulture, $"tg{GeneratedTokens}{(Sequences > 1 ? $"@{Sequences}" : "")}");

    /// <summary>Tokens that count: of the prompt, or generated over all sequences.</summary>
    public int Tokens => PromptTokens > 0 ? PromptTokens : GeneratedTokens * Sequences;

    /// <summary>Tokens that each sequence reaches.</summary>
    public int Positions => Math.Max(PromptTokens, GeneratedTokens);

    public static BenchTest Prefill(int tokens) => new(tokens, 0, 1);

    public static BenchTest Generate(int tokens, int sequences = 1) => new(0, tokens, sequences);
}
