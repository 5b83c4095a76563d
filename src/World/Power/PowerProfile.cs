using Orrery.Documents;

namespace Orrery.World.Power;

/// <summary>
/// Draw above idle as shares of (limit − idle): running·min(1, busy / knee) + memory·(byte rate / bandwidth) + compute·(FLOP rate / peak)
/// − network·(time in collectives), at most 1.
/// </summary>
/// <param name="Running">While kernels run, whatever they do: clocks, caches, scheduling.</param>
/// <param name="Memory">At full memory bandwidth.</param>
/// <param name="Compute">
/// At the peak matrix rate. Above 1 − running for every device measured: devices reach their limit long before their peak.
/// </param>
/// <param name="Network">Taken off while collectives let the units wait.</param>
/// <param name="Knee">Busy share from which a device draws as if it always ran: its clocks stay up for a while.</param>
public sealed record PowerShares(double Running, double Memory, double Compute, double Network, double Knee)
{
    /// <summary>The share of (limit − idle) at given utilisations, 0 to 1.</summary>
    /// <param name="busyShare">Share of the time in which kernels run.</param>
    /// <param name="memoryShare">Byte rate over peak bandwidth.</param>
    /// <param name="computeShare">FLOP rate over the dense peak of the format.</param>
    /// <param name="networkShare">Share of the time in collectives.</param>
    public double At(double busyShare, double memoryShare, double computeShare, double networkShare) =>
        Math.Clamp((Running * Math.Min(1, busyShare / Knee)) + (Memory * memoryShare) + (Compute * computeShare) - (Network * networkShare), 0, 1);
}

/// <summary>Error of the fit on one model's rows: mean of |predicted / measured − 1|.</summary>
/// <param name="Model">As the measurements call it.</param>
/// <param name="Rows">How many.</param>
/// <param name="FitError">With the model's rows in the fit.</param>
/// <param name="LeftOutError">Predicted from the others' rows.</param>
public sealed record PowerFitError(string Model, int Rows, double FitError, double LeftOutError);

/// <summary>How much a device draws for what it does, fitted to measurements, with the errors of the fit.</summary>
/// <param name="Device">Catalogue name, or <see cref="TransferName"/>.</param>
/// <param name="Shares">The fitted constants.</param>
/// <param name="Source">What was measured, by whom, with its mark.</param>
/// <param name="Licence">Of the measurements.</param>
/// <param name="Rows">Measured settings in the fit.</param>
/// <param name="FitError">Mean of |predicted / measured − 1| over them.</param>
/// <param name="LeftOutError">The same, every model (for the transfer: every device) predicted from the others.</param>
public sealed record PowerProfile(string Device, PowerShares Shares, string Source, string Licence, int Rows, double FitError, double LeftOutError)
{
    /// <summary>The entry for devices without measurements: one set of shares for all measured devices.</summary>
    public const string TransferName = "transfer";

    /// <summary>Errors by model.</summary>
    public IReadOnlyList<PowerFitError> Models { get; init; } = [];

    /// <exception cref="Kernel.InputException">A value is missing, unknown or out of range; the sentence says where.</exception>
    public static PowerProfile Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        const double largestShare = 10;
        const double smallestKnee = 1e-3;
        MapReader map = node.AsMap();
        PowerProfile profile = new(
            map.Text("device"),
            new(Share("running"), Share("memory"), Share("compute"), Share("network"), map.Required("knee").AsNumber(smallestKnee, 1)),
            map.Text("source"),
            map.Text("licence"),
            map.Int("rows", 0, 0, int.MaxValue),
            map.Number("fitError", 0, 0, double.MaxValue),
            map.Number("leftOutError", 0, 0, double.MaxValue))
        {
            Models = [.. map.List("models").Select(ReadModel)],
        };
        map.Done();
        return profile;

        double Share(string key) => map.Required(key).AsNumber(0, largestShare);
    }

    private static PowerFitError ReadModel(Node node)
    {
        MapReader map = node.AsMap();
        PowerFitError error = new(map.Text("model"), map.Int("rows", 0, 0, int.MaxValue), map.Number("fitError", 0, 0, double.MaxValue), map.Number("leftOutError", 0, 0, double.MaxValue));
        map.Done();
        return error;
    }
}
