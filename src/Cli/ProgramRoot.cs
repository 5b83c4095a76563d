using System.CommandLine;
using Orrery.Cli.Catalogues;
using Orrery.Cli.Shell;
using Orrery.Cli.Verbs;

namespace Orrery.Cli;

/// <summary>The first level: every verb, and the flags that all of them know.</summary>
internal sealed class ProgramRoot : Verb
{
    private readonly Option<bool> _version = new("--version") { Description = "Show the version." };

    public ProgramRoot()
        : base("orrery", "Orrery: a clockwork model of AI systems. Describe world and traffic, run published systems, compare.",
            "demo", "simulate scenarios/demo.yaml", "compare scenarios/demo.yaml --vary fleet.0.scheduler.use=vllm-v1,orca", "catalog devices h100-sxm")
    {
        Add(Quiet);
        Add(NoColor);
        Add(Help);
        Add(_version);
        foreach (Verb verb in Verbs()) Add(verb);
    }

    public Option<bool> Quiet { get; } = CommonOptions.Quiet();

    public Option<bool> NoColor { get; } = CommonOptions.NoColor();

    public Option<bool> Help { get; } = CommonOptions.Help();

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        if (parsed.GetValue(_version)) terminal.Output.WriteLine($"orrery {typeof(ProgramRoot).Assembly.GetName().Version?.ToString(3)}");
        else HelpPage.Write(parsed.CommandResult, terminal.Output);
        return ExitCode.Done;
    }

    private static IEnumerable<Verb> Verbs()
    {
        yield return new DemoVerb();
        yield return new SimulateVerb();
        yield return new CompareVerb();
        yield return new CapacityVerb();
        yield return new ReproduceVerb();
        yield return new CalibrateVerb();
        yield return new FidelityVerb();
        yield return CatalogVerbs.Group();
        yield return TrafficVerbs.Group();
        yield return new ServeVerb();
        yield return new GenerateVerb();
        yield return ModelVerbs.Group();
        yield return BenchVerbs.Group();
        yield return new ReplayVerb();
        yield return new DiffVerb();
    }
}
