using System.Globalization;
using Orrery.Documents;

namespace Orrery.World.Profiles;

/// <summary>How far predicted times lie from measured ones. Shares of the measured time, not percent.</summary>
/// <param name="Mape">Mean of the absolute errors.</param>
/// <param name="TimeWeightedMape">Sum of absolute errors in seconds over the sum of measured seconds.</param>
/// <param name="P95">95th percentile of the absolute errors.</param>
/// <param name="Bias">Median of the signed errors.</param>
/// <param name="Spread">Standard deviation of ln(measured / predicted): what an interval around a prediction is made from.</param>
/// <param name="Samples">How many were compared.</param>
public sealed record FitError(double Mape, double TimeWeightedMape, double P95, double Bias, double Spread, int Samples)
{
    /// <summary>Shares are written to a ten-thousandth.</summary>
    private const int Digits = 4;

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="Kernel.InputException">A key is missing, unknown or out of range; the sentence says where.</exception>
    public static FitError Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        MapReader map = node.AsMap();
        FitError error = new(
            map.Required("mape").AsNumber(min: 0),
            map.Required("timeWeighted").AsNumber(min: 0),
            map.Required("p95").AsNumber(min: 0),
            map.Number("bias"),
            map.Required("spread").AsNumber(min: 0),
            map.Required("samples").AsInt(min: 0));
        map.Done();
        return error;
    }

    /// <summary><c>mape</c>, <c>timeWeighted</c>, <c>p95</c>, <c>bias</c>, <c>spread</c> and <c>samples</c>.</summary>
    public Node Write() => Node.Map(
        KeyValuePair.Create("mape", Share(Mape)),
        KeyValuePair.Create("timeWeighted", Share(TimeWeightedMape)),
        KeyValuePair.Create("p95", Share(P95)),
        KeyValuePair.Create("bias", Share(Bias)),
        KeyValuePair.Create("spread", Share(Spread)),
        KeyValuePair.Create("samples", Node.Plain(Samples.ToString(CultureInfo.InvariantCulture))));

    private static Node Share(double value) => Node.Plain(Math.Round(value, Digits).ToString(CultureInfo.InvariantCulture));
}
