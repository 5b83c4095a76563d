using Orrery.Lab.Results;

namespace Orrery.Lab.Runs.Output;

/// <summary><c>timeline.csv</c>: the rows of <see cref="RunSeries.Timeline"/>.</summary>
internal static class TimelineCsv
{
    public const string FileName = "timeline.csv";

    public const string Header = "time_seconds,arrived,finished,left,waiting,running,live_tokens,output_tokens,kv_use,busy";

    public static void Write(string folder, IReadOnlyList<TimelineRow> timeline)
    {
        using OutputFile file = new(Path.Combine(folder, FileName));
        file.Stream.Write(System.Text.Encoding.UTF8.GetBytes(Header + "\n"));
        Utf8Rows rows = new(file.Stream);
        foreach (TimelineRow row in timeline)
        {
            rows.Seconds((long)Math.Round(row.Seconds * 1e9));
            rows.Field(row.Arrived);
            rows.Field(row.Finished);
            rows.Field(row.Left);
            rows.Field(row.Waiting);
            rows.Field(row.Running);
            rows.Field(row.LiveTokens);
            rows.Field(row.OutputTokens);
            rows.Field(row.KvUse);
            rows.Field(row.Busy);
            rows.EndRow();
        }
        rows.Flush();
        file.Finish();
    }
}
