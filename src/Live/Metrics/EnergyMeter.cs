using System.Globalization;
using Orrery.Serving.Exposition;

namespace Orrery.Live.Metrics;

/// <summary>Energy that one part of the machine has used since the meter was opened.</summary>
/// <param name="Name">As the kernel calls it, inner parts after their package and a slash: <c>package-0</c>, <c>package-0/dram</c>.</param>
public readonly record struct EnergyDomain(string Name, double Joules);

/// <summary>
/// Reads the processor's own energy counters (RAPL) where the operating system shows them: folders <c>intel-rapl:N</c> with <c>name</c>,
/// <c>energy_uj</c> and <c>max_energy_range_uj</c>, which the kernel has for AMD too (power capping framework of the Linux kernel, b). Safe on any
/// thread.
/// </summary>
/// <remarks>
/// A counter starts again at 0 after its range: some minutes to an hour at full power. It has to be read at least that often. Inner parts are
/// part of their package, memory (dram) aside.
/// </remarks>
public sealed class EnergyMeter
{
    private const string SystemFolder = "/sys/class/powercap";
    private const double MicrojoulesPerJoule = 1e6;

    private readonly Lock _gate = new();
    private readonly Counter[] _counters;

    private EnergyMeter(Counter[] counters) => _counters = counters;

    /// <summary>Null where nothing can be read: another system, no counters, or no right to them. That is no error.</summary>
    public static EnergyMeter? Open(string folder = SystemFolder)
    {
        try
        {
            if (!Directory.Exists(folder)) return null;
            Dictionary<string, string> names = new(StringComparer.Ordinal);
            List<Counter> counters = [];
            foreach (string path in Directory.EnumerateDirectories(folder, "intel-rapl:*").Order(StringComparer.Ordinal))
            {
                string zone = Path.GetFileName(path);
                string? name = ReadText(Path.Combine(path, "name"));
                if (name is null) continue;
                int inner = zone.LastIndexOf(':');
                string full = names.TryGetValue(zone[..inner], out string? outer) ? $"{outer}/{name}" : name;
                // Two sockets may call a domain the same.
                while (names.ContainsValue(full)) full += "'";
                names.Add(zone, full);
                if (Counter.Open(full, path) is { } counter) counters.Add(counter);
            }
            return counters.Count == 0 ? null : new([.. counters]);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Every domain, with its energy since the meter was opened. One that cannot be read any more keeps its last figure.</summary>
    public IReadOnlyList<EnergyDomain> Read()
    {
        lock (_gate) return [.. _counters.Select(counter => counter.Read())];
    }

    public void Write(ExpositionText text)
    {
        ArgumentNullException.ThrowIfNull(text);
        text.Begin(ServingExposition.Energy);
        foreach (EnergyDomain domain in Read()) text.Sample(ExpositionText.Labels(("domain", domain.Name)), domain.Joules);
    }

    private static string? ReadText(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static long? ReadNumber(string path) =>
        ReadText(path) is { } text && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;

    private sealed class Counter
    {
        private readonly string _name;
        private readonly string _path;
        private readonly long _rangeMicrojoules;
        private long _last;
        private long _microjoules;

        private Counter(string name, string path, long rangeMicrojoules, long first)
        {
            _name = name;
            _path = path;
            _rangeMicrojoules = rangeMicrojoules;
            _last = first;
        }

        public static Counter? Open(string name, string folder)
        {
            string path = Path.Combine(folder, "energy_uj");
            return ReadNumber(path) is { } first && ReadNumber(Path.Combine(folder, "max_energy_range_uj")) is { } range ? new(name, path, range, first) : null;
        }

        public EnergyDomain Read()
        {
            if (ReadNumber(_path) is { } now)
            {
                // The counter takes the values 0 to its range.
                _microjoules += now >= _last ? now - _last : now + _rangeMicrojoules + 1 - _last;
                _last = now;
            }
            return new(_name, _microjoules / MicrojoulesPerJoule);
        }
    }
}
