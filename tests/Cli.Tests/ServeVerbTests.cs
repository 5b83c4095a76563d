using System.Diagnostics;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text;

namespace Orrery.Cli.Tests;

/// <summary><c>serve</c>: its mistakes, and a server of its own process that answers and drains.</summary>
public sealed class ServeVerbTests : IDisposable
{
    private const int TerminateSignal = 15;
    private const int LongestWaitMilliseconds = 60_000;
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("--scheduler: unknown scheduler 'vllm-v1x'; did you mean 'vllm-v1'?", "--scheduler", "vllm-v1x")]
    [InlineData("--model nowhere.gguf: there is no such file", "--model", "nowhere.gguf")]
    [InlineData("--port 70000: it is a whole number from 0 to 65535", "--port", "70000")]
    [InlineData("host 0.0.0.0: other machines could ask without a key", "--host", "0.0.0.0")]
    [InlineData("host 'example.org': it is an address such as 127.0.0.1", "--host", "example.org")]
    [InlineData("nowhere.yaml: there is no such file", "nowhere.yaml")]
    [InlineData("none.txt: there is no such file", "--api-key-file", "none.txt")]
    [InlineData("write a time such as 250ms", "--drain", "30")]
    [InlineData("--context 1: it is a whole number of at least 2", "--context", "1")]
    public void A_mistake_is_one_sentence(string part, params string[] args)
    {
        CliResult result = Cli.Run(["serve", .. args]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(part, result.Error, StringComparison.Ordinal);
        Assert.Equal("", result.Output);
    }

    [Fact]
    public void A_file_and_models_by_flags_exclude_each_other()
    {
        File.WriteAllText(_folder.At("serve.yaml"), "models: [{}]\n");
        Assert.Contains("exclude each other", Cli.Run("serve", _folder.At("serve.yaml"), "--model", "tiny-kjv").Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_answers_and_ends_well_when_it_is_terminated()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("signals of this kind do not exist on Windows");
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "orrery.dll"), "serve", "--port", "0", "--threads", "1", "--kv-memory", "8MiB", "--context", "128"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // What ASP.NET's own programs obey must not move the port.
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:1";
        using Process process = Process.Start(start)!;
        try
        {
            Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            string line = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) ?? await error;
            Assert.Matches("^listening on http://127.0.0.1:[0-9]+, models: tiny-kjv$", line);
            using HttpClient client = new() { BaseAddress = new(line.Split(' ')[2].TrimEnd(',')) };
            using ByteArrayContent body = new(Encoding.UTF8.GetBytes("""{"model":"tiny-kjv","prompt":"In the beginning","max_tokens":4,"temperature":0}"""));
            body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using HttpResponseMessage response = await client.PostAsync("/v1/completions", body);
            string text = await response.Content.ReadAsStringAsync();
            Assert.True(response.IsSuccessStatusCode, text);
            Assert.Contains("\"completion_tokens\":4", text, StringComparison.Ordinal);
            Assert.Equal(0, Kill(process.Id, TerminateSignal));
            Assert.True(process.WaitForExit(LongestWaitMilliseconds));
            Assert.Equal(0, process.ExitCode);
            Assert.Contains("\"endpoint\":\"/v1/completions\"", await error, StringComparison.Ordinal);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
