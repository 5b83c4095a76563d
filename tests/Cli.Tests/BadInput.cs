namespace Orrery.Cli.Tests;

/// <summary>One way to be wrong.</summary>
/// <param name="Name">What is wrong.</param>
/// <param name="Args">The command line; <c>{dir}</c> stands for a fresh folder.</param>
/// <param name="File">A file in that folder.</param>
/// <param name="Text">Its content.</param>
/// <param name="Expected">The whole error; one that ends with a colon or a bracket is compared up to there, because the list after it grows with the catalogue.</param>
public sealed record BadInput(string Name, string[] Args, string File, string Text, string Expected)
{
    public const string Scenario = """
        name: small
        model: llama-3-8b
        fleet:
          - device: h100-sxm
            replicas: 1
            scheduler: vllm-v1
        traffic:
          generator: poisson
          rate: 2/s
          requests: 5
          prompt: 128
          output: 16

        """;

    private const string ScenarioFile = "s.yaml";
    private static readonly string[] Simulate = ["simulate", "{dir}/s.yaml"];

    /// <summary>The small scenario with one text replaced.</summary>
    public static BadInput Edit(string name, string old, string replacement, string expected)
    {
        Assert.Contains(old, Scenario, StringComparison.Ordinal);
        int at = Scenario.IndexOf(old, StringComparison.Ordinal);
        return new(name, Simulate, ScenarioFile, Scenario[..at] + replacement + Scenario[(at + old.Length)..], expected);
    }

    /// <summary>The small scenario with more lines.</summary>
    public static BadInput Add(string name, string lines, string expected) => new(name, Simulate, ScenarioFile, Scenario + lines, expected);

    /// <summary>A right scenario and wrong flags.</summary>
    public static BadInput Flags(string name, string[] args, string expected) => new(name, args, ScenarioFile, Scenario, expected);

    public static BadInput Files(string name, string[] args, string file, string text, string expected) => new(name, args, file, text, expected);

    public static BadInput Trace(string name, string file, string text, string expected) =>
        new(name, ["traffic", "describe", "{dir}/" + file], file, text, expected);

    public override string ToString() => Name;
}
