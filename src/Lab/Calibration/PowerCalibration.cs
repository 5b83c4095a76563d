using System.Globalization;
using Orrery.Documents;
using Orrery.World.Power;

namespace Orrery.Lab.Calibration;

/// <summary>From a table of measured power to the catalogue's power profiles, and their file.</summary>
public static class PowerCalibration
{
    /// <summary>Source of the profiles made from the ML.ENERGY table.</summary>
    public const string Source = "ML.ENERGY benchmark v3, language models under vLLM, GPU power (b); prompt lengths assumed (d)";

    /// <summary>Licence of that table.</summary>
    public const string Licence = "Apache-2.0";

    private const int ErrorDecimals = 4;

    private const string Heading =
        "Power of a device above idle, as shares of (limit - idle): running while kernels run, memory at full bandwidth, compute at the dense peak,\n"
        + "less network while in collectives; never above the limit. Made by `orrery calibrate`; errors are means of |predicted / measured - 1|.";

    /// <summary>Tasks whose work is not known well enough to fit to: clips are decoded on the host and their tokens are not published (d).</summary>
    public static bool IsFitted(PowerRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return row.Task != "video-chat";
    }

    /// <summary>One profile per device, in order of name, and the transfer last.</summary>
    public static IReadOnlyList<PowerProfile> Fit(IReadOnlyList<PowerRow> rows)
    {
        PowerRow[] fitted = [.. rows.Where(IsFitted)];
        var profiles = new List<PowerProfile>();
        foreach (IGrouping<string, PowerRow> device in fitted.GroupBy(row => row.Device).OrderBy(g => g.Key, StringComparer.Ordinal))
            profiles.Add(Profile(device.Key, [.. device.Select(row => PowerSample.Of(row, row.Deployment.Model.Name))]));
        if (fitted.Length > 0) profiles.Add(Profile(PowerProfile.TransferName, [.. fitted.Select(row => PowerSample.Of(row, row.Device))]));
        return profiles;
    }

    /// <summary>The text of <c>catalog/power.yaml</c>.</summary>
    public static string Write(IReadOnlyList<PowerProfile> profiles)
    {
        ArgumentNullException.ThrowIfNull(profiles);
        return YamlText.Write(Node.List([.. profiles.Select(ToNode)]), Heading);
    }

    private static PowerProfile Profile(string name, IReadOnlyList<PowerSample> samples)
    {
        (PowerShares shares, IReadOnlyList<PowerFitError> groups) = PowerFit.FitAndLeaveOut(samples);
        return new(name, shares, Source, Licence, samples.Count, Round(PowerFit.MeanError(samples, shares)), Round(groups.Sum(g => g.LeftOutError * g.Rows) / samples.Count))
        {
            Models = [.. groups.Select(g => g with { FitError = Round(g.FitError), LeftOutError = Round(g.LeftOutError) })],
        };
    }

    private static double Round(double error) => double.IsNaN(error) ? 0 : Math.Round(error, ErrorDecimals);

    private static Node ToNode(PowerProfile p) => Node.Map(
        [
            Key("device", Node.Plain(p.Device)),
            Key("running", Number(p.Shares.Running)),
            Key("memory", Number(p.Shares.Memory)),
            Key("compute", Number(p.Shares.Compute)),
            Key("network", Number(p.Shares.Network)),
            Key("knee", Number(p.Shares.Knee)),
            Key("source", Node.Quoted(p.Source)),
            Key("licence", Node.Plain(p.Licence)),
            Key("rows", Number(p.Rows)),
            Key("fitError", Number(p.FitError)),
            Key("leftOutError", Number(p.LeftOutError)),
            Key("models", Node.List([.. p.Models.Select(ToNode)])),
        ]);

    private static Node ToNode(PowerFitError e) => Node.Map(
        [
            Key("model", Node.Plain(e.Model)),
            Key("rows", Number(e.Rows)),
            Key("fitError", Number(e.FitError)),
            Key("leftOutError", Number(e.LeftOutError)),
        ]);

    private static KeyValuePair<string, Node> Key(string key, Node value) => KeyValuePair.Create(key, value);

    private static Node Number(double value) => Node.Plain(value.ToString("R", CultureInfo.InvariantCulture));
}
