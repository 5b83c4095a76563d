using Orrery.Lab.Scenarios;
using Orrery.World.Cost;

namespace Orrery.Cli.Verbs;

/// <summary>What steps of a live model take, as a scenario says it: the one that <c>calibrate --engine</c> writes, or another of the same deployment.</summary>
internal static class StepTimesFile
{
    /// <exception cref="Kernel.InputException">The scenario cannot be read.</exception>
    public static ICostModel Load(string path) => new RooflineCost(ScenarioReader.Load(path).Fleet[0].Deployment);
}
