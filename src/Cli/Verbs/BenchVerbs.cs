using Orrery.Cli.Shell;

namespace Orrery.Cli.Verbs;

/// <summary><c>bench …</c>: how fast the engine is on this machine.</summary>
internal static class BenchVerbs
{
    public static VerbGroup Group() =>
        new("bench", "Measure the CPU engine on this machine.", "bench engine --shape r110m")
        {
            new BenchEngineVerb(),
        };
}
