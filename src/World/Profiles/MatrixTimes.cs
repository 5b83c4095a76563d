using Orrery.World.Hardware;

namespace Orrery.World.Profiles;

/// <summary>Ideal time of the products with one shape of weights on a device: the roofline plus the launch of a kernel.</summary>
/// <param name="ComputePerRow">Seconds of arithmetic per row at dense peak.</param>
/// <param name="MemoryFixed">Seconds to read the weights at peak bandwidth.</param>
/// <param name="MemoryPerRow">Seconds to read and write a row at peak bandwidth.</param>
/// <param name="OutputsPerMultiprocessor">Columns of the weights over multiprocessors.</param>
/// <param name="WattsPerTeraflop">Power limit over dense peak in the format.</param>
public readonly record struct MatrixIdeal(
    double ComputePerRow, double MemoryFixed, double MemoryPerRow, double OutputsPerMultiprocessor, double WattsPerTeraflop)
{
    /// <summary>Outputs are written in 16 bit whatever the units compute in.</summary>
    private const double BytesPerOutput = 2;

    /// <summary>See <see cref="MatrixEfficiency.Of"/>.</summary>
    /// <exception cref="ArgumentException">The device has no units for the format, or a size is not positive.</exception>
    public static MatrixIdeal Of(DeviceSpec device, Precision format, long outputs, long inputs, double? bytesPerWeight = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outputs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputs);
        double peak = device.PeakRate(format)?.Value
            ?? throw new ArgumentException($"{device.Name} has no units for {format}; choose a format that it computes in", nameof(format));
        double bandwidth = device.MemoryBandwidth.Value;
        double element = PrecisionSize.Bytes(format);
        return new(
            2.0 * outputs * inputs / peak,
            (bytesPerWeight ?? element) * outputs * inputs / bandwidth,
            ((element * inputs) + (BytesPerOutput * outputs)) / bandwidth,
            outputs / (double)(device.Multiprocessors > 0 ? device.Multiprocessors : MatrixEfficiency.UsualMultiprocessors),
            device.ThermalDesignPower.Value / (peak / 1e12));
    }

    public double Seconds(double rows) =>
        Math.Max(rows * ComputePerRow, MemoryFixed + (rows * MemoryPerRow)) + MatrixEfficiency.FloorSeconds;
}

/// <summary>Times of the products with one shape of weights on one device, over rows.</summary>
public sealed class MatrixTimes
{
    private readonly EfficiencySurface _ratios;

    internal MatrixTimes(MatrixIdeal ideal, EfficiencySurface ratios)
    {
        Ideal = ideal;
        _ratios = ratios;
    }

    public MatrixIdeal Ideal { get; }

    /// <summary>Seconds for so many rows; none for none.</summary>
    public double Seconds(double rows) => rows > 0 ? Ideal.Seconds(rows) * _ratios.RatioAt(rows) : 0;
}
