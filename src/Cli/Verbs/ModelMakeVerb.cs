using System.CommandLine;
using System.Globalization;
using Orrery.Cli.Shell;
using Orrery.Cli.Tables;
using Orrery.Engine.Making;
using Orrery.Engine.Tensors;
using Orrery.Engine.Threads;
using Orrery.Kernel;

namespace Orrery.Cli.Verbs;

/// <summary><c>model make</c>: a model file with random weights.</summary>
internal sealed class ModelMakeVerb : Verb
{
    private const string DefaultShape = "r110m";
    private const TensorType DefaultType = TensorType.Q8_0;
    private const ulong DefaultSeed = 1;
    private const double Million = 1e6;
    private readonly Argument<string> _file = new("file") { Description = "The file to write." };

    private readonly Option<string> _shape = new("--shape")
    {
        HelpName = "NAME",
        Description = $"Sizes; default: {DefaultShape}. Known: {string.Join(", ", ModelShape.All.Select(shape => shape.Name))}.",
    };

    private readonly Option<string> _architecture = new("--arch")
    {
        HelpName = "NAME",
        Description = $"Architecture; default: the shape's. Known: {string.Join(", ", MadeArchitecture.All.Select(architecture => architecture.Name))}.",
    };

    private readonly Option<string> _type = new("--type")
    {
        HelpName = "TYPE",
        Description = $"How matrices are stored; default: {DefaultType}. Known: {string.Join(", ", TensorTypes.All)}.",
    };

    private readonly Option<string> _seed = new("--seed") { HelpName = "N", Description = "Seed of all weights; default: 1." };
    private readonly Option<bool> _force = new("--force") { Description = "Replace a file that exists." };

    public ModelMakeVerb()
        : base("make", "Write a model with random weights: as fast as a trained one, and it says nothing.",
            "model make r110m.gguf", "model make tiny.gguf --shape tiny-qwen3 --type Q4_K --seed 7")
    {
        Add(_file);
        Add(_shape);
        Add(_architecture);
        Add(_type);
        Add(_seed);
        Add(_force);
    }

    public override IReadOnlyList<string> Notes { get; } =
        ["The same flags give the same file. Vocabularies are made up: bytes, letters and their combinations. Rows that no block of the type fits are stored otherwise, which is said."];

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        string path = parsed.GetRequiredValue(_file);
        ModelShape shape = Named("--shape", () => ModelShape.Find(parsed.GetValue(_shape) ?? DefaultShape));
        MadeArchitecture architecture = Named("--arch", () => MadeArchitecture.Find(parsed.GetValue(_architecture) ?? shape.Architecture));
        ulong seed = CommonOptions.SeedOf(parsed, _seed) ?? DefaultSeed;
        var maker = new ModelMaker(new(architecture, shape, TypeOf(parsed.GetValue(_type)), seed));
        CheckPlace(path, parsed.GetValue(_force));
        terminal.WatchInterrupt("no file is written");
        using (var progress = new ProgressLine(terminal))
        using (var pool = new WorkerPool())
            maker.Write(path, pool, (done, all) => progress.Say(string.Create(CultureInfo.InvariantCulture, $"{done} of {all} tensors written")), terminal.Interrupted);
        foreach (string note in maker.Notes)
            foreach (string line in TextTable.Wrap("note: " + note, Terminal.Columns)) terminal.Output.WriteLine(line);
        terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{TextTable.Figure(maker.Parameters / Million, 4)} M parameters, {TextTable.Figure(new FileInfo(path).Length / Million, 4)} MB written to {path}"));
        return ExitCode.Done;
    }

    /// <summary>Looks a name up; a mistake is told with the flag.</summary>
    public static T Named<T>(string flag, Func<T> find)
    {
        try
        {
            return find();
        }
        catch (InputException unknown)
        {
            throw new InputException($"{flag}: {unknown.Message}", unknown);
        }
    }

    /// <summary>The tensor type of a flag.</summary>
    public static TensorType TypeOf(string? name)
    {
        if (name is null) return DefaultType;
        foreach (TensorType type in TensorTypes.All)
            if (string.Equals(type.ToString(), name, StringComparison.OrdinalIgnoreCase)) return type;
        string suggestion = Names.Nearest(name, TensorTypes.All.Select(type => type.ToString())) is { } nearest ? $"did you mean '{nearest}'? Known" : "known";
        throw new InputException($"--type: there is no tensor type '{name}'; {suggestion}: {string.Join(", ", TensorTypes.All)}");
    }

    private static void CheckPlace(string path, bool mayReplace)
    {
        if (path.Length == 0) throw new InputException("FILE is empty; name the file to write, such as model.gguf");
        if (Directory.Exists(path)) throw new InputException($"{path}: this is a directory; name a file in it");
        if (File.Exists(path) && !mayReplace) throw new InputException($"{path}: this file exists; name another, or add --force to replace it");
        string? folder = Path.GetDirectoryName(Path.GetFullPath(path));
        if (folder is not null && !Directory.Exists(folder)) throw new InputException($"{path}: the folder {folder} does not exist; make it first");
    }
}
