using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Serving.Systems.Helix;

namespace Orrery.Serving.Tests.Systems;

public class HelixTests(ITestOutputHelper output)
{
    private static RandomStream Random => RandomStream.Root(1);

    [Fact]
    public void Explore()
    {
        foreach ((string model, HelixPlacer placer) in new[] { ("llama-2-70b", HelixPlacer.Helix), ("llama-2-70b", HelixPlacer.Swarm), ("llama-2-70b", HelixPlacer.Separate), ("llama-2-70b", HelixPlacer.Petals) })
        {
            var watch = System.Diagnostics.Stopwatch.StartNew();
            HelixOptions options = new() { Model = model, Placement = placer };
            ExperimentResult result = options.Run(Random, TestContext.Current.CancellationToken);
            output.WriteLine($"{model} {placer} {watch.Elapsed.TotalSeconds:0.0}s " + string.Join(" ", result.Values.Select(v => $"{v.Key}={v.Value:0.###}")));
            foreach (var row in result.Tables[0].Rows) output.WriteLine("   " + string.Join(" | ", row));
        }
    }
}
