using Orrery.Lab.Calibration;
using Orrery.Lab.Fidelity;
using Orrery.Testing.Data;

namespace Orrery.Lab.Tests.Calibration;

/// <summary>The shipped power profiles beside every row of the ML.ENERGY benchmark v3 whose model is in the catalogue.</summary>
public sealed class MeasuredPowerTests(ITestOutputHelper output)
{
    [Fact]
    public void Report()
    {
        string file = PublicData.Find("ml-energy", "llm.csv")!;
        List<string> warnings = [];
        IReadOnlyList<PowerRow> rows = PowerTable.Read(file, warnings.Add);
        string text = PowerCalibration.Write(PowerCalibration.Fit(rows));
        output.WriteLine(text);
        foreach (string w in warnings) output.WriteLine(w);
        if (Environment.GetEnvironmentVariable("POWER_OUT") is { Length: > 0 } path) File.WriteAllText(path, text);
        foreach (EnergyMode mode in new[] { EnergyMode.Interpolate, EnergyMode.Transfer })
            foreach (EnergyError e in EnergyRows.Evaluate(rows, mode, []).Errors)
                output.WriteLine($"{mode} {e.Device} {e.Model} {e.Rows} power {e.PowerError:P1} bias {e.PowerBias:P1} tps {e.ThroughputError:P1} J {e.EndToEndError:P1}");
    }
}
