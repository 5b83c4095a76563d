using System.Text.RegularExpressions;

namespace Orrery.House.Tests;

/// <summary>Within a project the folders stand in layers too; a folder uses its own layer and those below.</summary>
public sealed partial class NamespaceArrowTests
{
    /// <summary>
    /// Layers of each project from the ground up. Folders that share a layer describe one thing from several sides and may know each other.
    /// A project's root namespace is its vocabulary (or its entry point) and is not ranked.
    /// </summary>
    private static readonly Dictionary<string, string[][]> Layers = new()
    {
        ["Kernel"] = [["Time"], ["Units"], ["Statistics"], ["Random"], ["Processes"], ["Resources"], ["Solvers"], ["Experiments"]],
        ["Documents"] = [["Parsing"], ["Expectations"]],
        ["World"] = [["Hardware", "Steps", "Starts"], ["Models", "Measurements"], ["Profiles"], ["Deployments"], ["Cost"], ["StepTimes"], ["Overlap"], ["Training"], ["Power"], ["Catalogue"]],
        ["Traffic"] = [["Requests"], ["Readers"], ["Generators"], ["Description", "Predictors"], ["Catalogue"], ["Specs"], ["Fitting"]],
        ["Serving"] = [["Sequences"], ["Memory", "Metrics", "Routing", "Speculation", "Swap"], ["Execution"], ["Scheduling", "Calls", "Drafting"], ["Finetuning"], ["Elasticity", "Lending", "Power", "Chains"], ["Systems", "Replicas"], ["Fleets"], ["Planning"], ["Exposition"]],
        ["Operations"] = [["Clusters"], ["Systems"]],
        ["Lab"] = [["Results"], ["Scenarios"], ["Runs"], ["Studies"], ["Import"], ["Calibration"], ["Fidelity"], ["Telemetry"], ["Claims"], ["Reports"]],
        ["Engine"] = [["Tensors", "Threads"], ["Gguf"], ["Kernels"], ["Attention"], ["Tokenizers", "Templates"], ["Models"], ["Sampling", "Grammars"], ["Generation"], ["Making", "Shipped"], ["Benchmarks"]],
        ["Live"] = [["Streams", "Settings"], ["Metrics", "Designs"], ["Tapes"], ["Replicas"], ["Calibration"], ["Gateway"], ["Api"], ["Hosting"], ["Load"]],
        ["Cli"] = [["Tables"], ["Shell"], ["Catalogues", "Verbs"]],
        ["Testing"] = [["Data", "Kernel", "World", "Traffic", "Serving"]],
    };

    public static TheoryData<string> Files() => [.. Repository.Files("src", "*.cs")];

    [Fact]
    public void Every_folder_has_a_layer()
    {
        foreach (string file in Repository.Files("src", "*.cs"))
        {
            string[] parts = file.Split('/');
            if (parts.Length < 4) continue;
            Assert.True(Layers.TryGetValue(parts[1], out string[][]? layers), $"{parts[1]} has no layers; add it to the table of this test");
            Assert.True(layers.Any(layer => layer.Contains(parts[2])), $"src/{parts[1]}/{parts[2]} has no layer; add it to the table of this test");
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_lives_in_its_namespace_and_looks_down(string file)
    {
        string[] parts = file.Split('/');
        string text = Repository.Read(file);
        Match own = NamespaceLine().Match(text);
        // Entry points of programs have no namespace.
        if (!own.Success) return;
        string expected = string.Join('.', parts[1..^1].Prepend("Orrery"));
        Assert.Equal(expected, own.Groups[1].Value);
        if (parts.Length < 4) return;
        int level = LevelOf(parts[1], parts[2]);
        foreach (Match use in UsingLine().Matches(text))
        {
            string[] used = use.Groups[1].Value.Split('.');
            if (used.Length < 3 || used[1] != parts[1]) continue;
            int other = LevelOf(used[1], used[2]);
            // A static using may name a type of the root namespace.
            Assert.True(other < 0 || other <= level, $"{file} looks up to {use.Groups[1].Value}");
        }
    }

    [Fact]
    public void Machinery_of_the_serving_wing_names_no_system()
    {
        // The list of experiments names systems as those of schedulers do, but stands above the fleets that planners run.
        IEnumerable<string> machinery = Repository.Files("src/Serving", "*.cs")
            .Where(file => !file.StartsWith("src/Serving/Systems/", StringComparison.Ordinal) && file != "src/Serving/Planning/ServingExperiments.cs");
        Assert.DoesNotContain(machinery, file => Repository.Read(file).Contains("using Orrery.Serving.Systems", StringComparison.Ordinal));
    }

    private static int LevelOf(string project, string folder) =>
        Layers.TryGetValue(project, out string[][]? layers) ? Array.FindIndex(layers, layer => layer.Contains(folder)) : -1;

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^using (?:static )?(?:\w+ = )?(Orrery[\w.]+)", RegexOptions.Multiline)]
    private static partial Regex UsingLine();
}
