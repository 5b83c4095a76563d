using System.Text.Json;

namespace Orrery.Engine.Tests.Models;

/// <summary>One sequence of another engine's greedy decoding.</summary>
/// <param name="Prompt">Token ids.</param>
/// <param name="Steps">Each step's token and best log-probabilities.</param>
internal sealed record ReferenceRow(int[] Prompt, ReferenceStep[] Steps)
{
    /// <summary>The prompt and all tokens taken: what one pass over the whole sequence takes.</summary>
    public int[] Sequence => [.. Prompt, .. Steps.Select(step => step.Id)];
}

internal sealed record ReferenceStep(int Id, (int Id, double LogProbability)[] Top)
{
    public double Gap => Top[0].LogProbability - Top[1].LogProbability;
}

internal static class ReferenceOutputs
{
    public static ReferenceRow[] Read(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        return [.. document.RootElement.GetProperty("rows").EnumerateArray().Select(Row)];
    }

    private static ReferenceRow Row(JsonElement row) => new(
        [.. row.GetProperty("prompt_tokens").EnumerateArray().Select(id => id.GetInt32())],
        [.. row.GetProperty("steps").EnumerateArray().Select(step => new ReferenceStep(
            step.GetProperty("id").GetInt32(),
            [.. step.GetProperty("top").EnumerateArray().Select(pair => (pair[0].GetInt32(), pair[1].GetDouble()))]))]);
}
