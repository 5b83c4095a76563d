using System.CommandLine;
using Orrery.Cli.Shell;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;
using Orrery.Traffic.Catalogue;
using Orrery.Traffic.Requests;
using Orrery.Traffic.Specs;

namespace Orrery.Cli.Verbs;

/// <summary>How the traffic verbs name what arrives: a trace file, a scenario, or a generator with keys set by flags.</summary>
internal sealed class TrafficBlock
{
    /// <summary>Without a system nothing says how long an answer takes; closed-loop users need some figure to go on.</summary>
    public static readonly Duration AssumedLatency = Duration.FromSeconds(5);

    private readonly Argument<string> _name = new("name")
    {
        HelpName = "FILE|NAME",
        Description = "A trace file, a scenario (.yaml), or a generator of 'orrery catalog traffic'.",
    };

    private readonly Option<string[]> _set = new("--set")
    {
        HelpName = "KEY=VALUE",
        Description = "A key of the traffic block, such as rate=20/s or requests=1000; may be repeated.",
    };

    private readonly Option<string> _seed = CommonOptions.Seed();

    public void AddTo(Command verb)
    {
        verb.Add(_name);
        verb.Add(_set);
        verb.Add(_seed);
    }

    public string NameOf(ParseResult parsed) => parsed.GetRequiredValue(_name);

    /// <summary>The traffic, ready to play.</summary>
    /// <exception cref="InputException">No such file or generator, or a key that is wrong or missing.</exception>
    public ITrafficSource Open(ParseResult parsed)
    {
        string name = NameOf(parsed);
        ulong seed = CommonOptions.SeedOf(parsed, _seed) ?? Scenario.DefaultSeed;
        (Node block, string folder) = Find(name);
        foreach (string assignment in parsed.GetValue(_set) ?? []) block = Overrides.Apply(block, assignment);
        RequireKeys(name, block);
        return TrafficSpec.Read(block, folder).Open(RandomStream.Root(seed).Split(Simulation.TrafficStream));
    }

    /// <summary>A bare generator has no file whose line an error could name, so what is missing is told by flag.</summary>
    /// <param name="name">As the user wrote it.</param>
    /// <param name="block">The block so far.</param>
    /// <param name="path">Where the block lies for <c>--set</c>.</param>
    internal static void RequireKeys(string name, Node block, string path = "")
    {
        if (GeneratorInfo.Find(name) is not { } info) return;
        GeneratorKey[] missing = [.. info.Keys.Where(key => key.Default is null && block[key.Key] is null)];
        if (missing.Length > 0)
            throw new InputException($"{name} needs {string.Join(", ", missing.Select(key => key.Key))}; add {string.Join(' ', missing.Select(key => $"--set '{path}{key.Key}={key.Example}'"))}");
        if (block["requests"] is null && block["duration"] is null)
            throw new InputException($"{name} needs an end; add --set {path}requests=1000 or --set {path}duration=10min");
    }

    /// <summary>The block that a file, scenario or generator stands for, and the folder of its file names.</summary>
    /// <exception cref="InputException">There is none of this name.</exception>
    internal static (Node Block, string Folder) Find(string name)
    {
        string extension = Path.GetExtension(name);
        if (extension is ".yaml" or ".yml")
        {
            Node scenario = Document.Load(name);
            return (scenario["traffic"] ?? throw scenario.Error("has no 'traffic' block to describe"), Path.GetDirectoryName(name) ?? "");
        }
        if (File.Exists(name)) return (Node.Map([KeyValuePair.Create("file", Node.Quoted(name))]), "");
        if (GeneratorInfo.AllNames.Contains(name)) return (Node.Map([KeyValuePair.Create("generator", Node.Plain(name))]), "");
        bool isPath = extension.Length > 0 || name.Contains('/', StringComparison.Ordinal) || name.Contains('\\', StringComparison.Ordinal);
        throw new InputException(isPath
            ? $"the file '{name}' does not exist; name a trace, a scenario or a generator of 'orrery catalog traffic'"
            : $"there is neither a file nor a generator '{name}'{Names.Suggest(name, GeneratorInfo.AllNames)}");
    }
}
