using System.Globalization;
using Orrery.Testing.Data;
using Orrery.World.Catalogue;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Power;
using Orrery.World.Steps;

namespace Orrery.World.Tests.Power;

/// <summary>
/// The power model beside every row of the ML.ENERGY benchmark v3 whose model is in the catalogue. Rates of work come from the measured
/// throughput, so that the error is the power model's alone. Prompt lengths are not published; those below are assumed.
/// </summary>
public sealed class MeasuredPowerTests(ITestOutputHelper output)
{
    private const int ChatPrompt = 150;
    private const int ReasoningPrompt = 300;
    private const int CodePrompt = 2500;

    [Fact]
    public void Draw_is_within_a_fifth_of_the_measured_on_average()
    {
        string? file = PublicData.Find("ml-energy", "llm.csv");
        if (file is null) Assert.Skip("the measured energies are not here; set ORRERY_DATA to their folder");
        var errors = new List<(string Device, double Batch, double Ratio)>();
        foreach (string line in File.ReadLines(file).Skip(1))
        {
            string[] row = line.Split(',');
            if (Catalog.TryModel(row[1]) is not { } model || row[5] != "bfloat16") continue;
            string device = row[6].ToLowerInvariant() + "-sxm";
            int devices = int.Parse(row[7], CultureInfo.InvariantCulture);
            int expert = model.Experts is null ? 1 : int.Parse(row[9], CultureInfo.InvariantCulture);
            double batch = Number(row[12]);
            double answer = Number(row[13]);
            double tokensPerSecond = Number(row[14]);
            Deployment deployment = Deployment.Create(model, Catalog.Device(device), new ParallelPlan(devices, 1, expert));
            int prompt = row[0] switch { "gpqa" => ReasoningPrompt, "sourcegraph-fim" => CodePrompt, _ => ChatPrompt };
            double watts = Draw(deployment, batch, prompt, answer, tokensPerSecond);
            errors.Add((device, batch, watts / (Number(row[15]) / devices)));
        }
        foreach (var part in errors.GroupBy(e => $"{e.Device}, batch {(e.Batch <= 64 ? "to 64" : "above 64")}").Append(errors.GroupBy(_ => "all").Single()))
        {
            double[] ratios = [.. part.Select(e => e.Ratio).Order()];
            output.WriteLine($"{part.Key}: {ratios.Length} rows, mean error {ratios.Average(r => Math.Abs(r - 1)):P1}, median ratio {ratios[ratios.Length / 2]:0.00}");
        }
        Assert.True(errors.Count > 100);
        Assert.InRange(errors.Average(e => Math.Abs(e.Ratio - 1)), 0, 0.2);
    }

    /// <summary>Watts per device of steady decoding, with the prompts that come in at the same pace.</summary>
    private static double Draw(Deployment deployment, double batch, int prompt, double answer, double tokensPerSecond)
    {
        StepCost step = new RooflineCost(deployment).CreateStep();
        var shape = new StepShape();
        int sequences = Math.Max(1, (int)Math.Round(batch));
        for (int i = 0; i < sequences; i++) shape.AddDecode(prompt + (int)(answer / 2));
        step.Prepare(shape);
        double seconds = sequences / tokensPerSecond * deployment.Parallel.Devices;
        double flops = (double)step.FlopsAt(0);
        double bytes = step.MemoryBytesAt(0);
        shape.Clear();
        shape.AddChunk(new(prompt, 0, Finishes: true));
        step.Prepare(shape);
        flops += (double)step.FlopsAt(0) * sequences / answer;
        return PowerModel.Of(deployment).Busy(flops / seconds, bytes / seconds).Value;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
