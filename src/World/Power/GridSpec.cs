using Orrery.Documents;

namespace Orrery.World.Power;

/// <summary>Mean carbon intensity of a grid's electricity, generation based.</summary>
/// <param name="Name">Catalogue name, for example <c>us-caiso</c>.</param>
/// <param name="GramsPerKilowattHour">Grams of CO2-equivalent per kWh.</param>
/// <param name="Year">Period of the mean.</param>
/// <param name="Source">Where the figure comes from, with its mark.</param>
public sealed record GridSpec(string Name, double GramsPerKilowattHour, string Year, string Source)
{
    /// <summary>Other accepted names; compared without case.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <exception cref="Kernel.InputException">A value is missing, unknown or out of range; the sentence says where.</exception>
    public static GridSpec Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        MapReader map = node.AsMap();
        GridSpec grid = new(
            map.Text("name"), map.Quantity("intensity", Quantity.CarbonIntensity), map.Text("year", ""), map.Text("source", $"described at {node.Where}"))
        {
            Aliases = [.. map.List("aliases").Select(a => a.AsText())],
        };
        map.Done();
        return grid;
    }
}
