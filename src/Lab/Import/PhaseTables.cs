using Orrery.Traffic.Readers;

namespace Orrery.Lab.Import;

/// <summary>
/// splitwise-sim's performance table: whole iterations in milliseconds by model, hardware and tensor-parallel degree. Power is a share of the
/// board limit of one device; 0 stands for not measured.
/// </summary>
internal static class PhaseTables
{
    public static readonly TableFormat[] Formats = [new("splitwise-sim (perf_model)", ["prompt_time", "token_time"], Read)];

    /// <summary>Boards overshoot their limit for moments, but no mean is twice as high.</summary>
    private const double LargestPowerShare = 2;

    private static void Read(TableFile file, CsvReader csv, ImportSession session)
    {
        (int model, int hardware, int tensor) = (csv.Require("model"), csv.Require("hardware"), csv.Require("tensor_parallel"));
        (int prompt, int batch, int output) = (csv.Require("prompt_size"), csv.Require("batch_size"), csv.Require("token_size"));
        (int prefill, int decode, int power) = (csv.Require("prompt_time"), csv.Require("token_time"), csv.Find("average_power"));
        (TextColumn models, TextColumn devices) = (new(), new());
        Dictionary<string, string> names = new(StringComparer.Ordinal);
        while (csv.TryRead(out CsvRow row))
        {
            string written = models.Read(row, model);
            if (!names.TryGetValue(written, out string? name)) names.Add(written, name = CatalogNames.Model(written)?.Name ?? written);
            double share = row.IsEmpty(power) ? 0 : row.Number(power, 0, LargestPowerShare);
            session.Set(file, devices.Read(row, hardware), "").Phases.Add(new(
                name, row.Size(tensor), row.Size(batch), row.Size(prompt), row.Size(output), row.Seconds(prefill, RowFields.Milliseconds),
                row.Seconds(decode, RowFields.Milliseconds), share > 0 ? share : null));
        }
    }
}
