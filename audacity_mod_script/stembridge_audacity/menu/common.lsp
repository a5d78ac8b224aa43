;; Shared by all of Stembridge's menu entries; `@...@` is filled in when they are installed.
;; Nyquist can't rename a file, start a program or wait: it writes a request and returns.

(setf *float-format* "%.17g")
(setf sb-folder "@FOLDER@")

;; The first of LIST that TEST is true of; this Lisp has no find-if.
(defun sb-find (test list)
  (dolist (one list)
    (when (funcall test one) (return one))))

;; A fault in here would otherwise end in silence.
(defmacro sb-guarded (form)
  `(let* ((*breakenable* nil) (outcome (errset ,form nil)))
     (if outcome
         (car outcome)
         "This entry of Stembridge's menu failed; nothing was asked for.\n\nPlease tell us your version of Audacity. `stembridge audacity separate` in a terminal does the same.")))

(defun sb-path (&rest parts)
  (apply #'strcat (cons sb-folder parts)))

;; Do a command that names FILE in FOLDER. Audacity reads a command's text in the system's locale, which
;; may know no accents; a folder goes by its bytes. So the folder is entered, and the name is plain.
(defun sb-do-in (folder command file more)
  (let ((before (setdir "." nil)) (reply nil))
    (when (setdir folder nil)
      (setf reply (aud-do (format nil "~a: Filename=~a~a" command (sb-text file) more)))
      (setdir before nil))
    reply))

(defun sb-exists (path)
  (let ((fp (open path :direction :input)))
    (when fp (close fp) t)))

(defun sb-read (path)
  (let ((fp (open path :direction :input)) (found nil))
    (when fp
      (setf found (read fp nil))
      (close fp))
    found))

(defun sb-read-line (path)
  (let ((fp (open path :direction :input)) (found nil))
    (when fp
      (setf found (read-line fp))
      (close fp))
    found))

(defun sb-write (path text)
  (let ((fp (open path :direction :output)))
    (when fp
      (princ text fp)
      (terpri fp)
      (close fp)
      t)))

;; A locale with a decimal comma may show through.
(defun sb-number (x)
  (let ((text (format nil "~a" x)))
    (dotimes (i (length text))
      (when (char= (char text i) #\,)
        (setf text (strcat (subseq text 0 i) "." (subseq text (1+ i))))))
    text))

(defun sb-hex (digit)
  (subseq "0123456789abcdef" digit (1+ digit)))

(defun sb-text (text)
  (let ((out (make-string-output-stream)))
    (write-char #\" out)
    (dotimes (i (length text))
      (let* ((ch (char text i)) (code (char-code ch)))
        (cond ((or (char= ch #\") (char= ch #\\)) (write-char #\\ out) (write-char ch out))
              ((and (>= code 0) (< code 32))
               (princ (strcat "\\u00" (sb-hex (/ code 16)) (sb-hex (rem code 16))) out))
              (t (write-char ch out)))))
    (write-char #\" out)
    (get-output-stream-string out)))

(defun sb-join (texts separator)
  (let ((whole ""))
    (dolist (text texts whole)
      (setf whole (if (string= whole "") text (strcat whole separator text))))))

(defun sb-digits (text)
  (let ((found ""))
    (dotimes (i (length text) found)
      (when (digit-char-p (char text i))
        (setf found (strcat found (subseq text i (1+ i))))))))

;; Letters and digits only; the count outlives the run, so that no two requests of a session are one.
(defun sb-new-id ()
  (let ((stamp (sb-digits (strcat (get '*system-time* 'iso-date) (get '*system-time* 'iso-time))))
        (count (or (get '*scratch* 'stembridge-count) 0))
        (id nil))
    (loop
      (setf count (1+ count))
      (setf id (format nil "~ax~a" stamp count))
      (unless (or (sb-exists (sb-path "requests/" id ".json")) (sb-exists (sb-path "requests/" id ".wav")))
        (return)))
    (putprop '*scratch* count 'stembridge-count)
    id))

(defun sb-project ()
  (format nil "{\"name\":~a,\"rate\":~a}"
    (sb-text (get '*project* 'name)) (sb-number (get '*project* 'rate))))

(defun sb-request (id what rest)
  (sb-write (sb-path "requests/" id ".json")
    (format nil "{\"v\":@VERSION@,\"what\":\"~a\",\"project\":~a~a}" what (sb-project) rest)))

;; The watcher's last sign of life: (year day second pipe) in local time. PIPE, T or NIL.
(defun sb-watcher ()
  (let ((beat (sb-read (sb-path "watch.lsp"))) (now *system-time*))
    (when (and (consp beat) (= (length beat) 4) (= (first beat) (first now)))
      (let ((age (- (+ (* 86400 (second now)) (* 3600 (nth 2 now)) (* 60 (nth 3 now)) (nth 4 now))
                    (+ (* 86400 (second beat)) (third beat)))))
        (when (and (> age -@STALE@) (< age @STALE@))
          (if (nth 3 beat) 'pipe t))))))

(defun sb-no-folder ()
  "Stembridge's folder can't be written to.\n\nClose Audacity and run this in a terminal:\nstembridge setup audacity")

(defun sb-noted (what)
  (if (sb-watcher)
      ""
      (format nil "~a\n\nStembridge isn't running. Start it in a terminal:\nstembridge audacity watch" what)))

(defun sb-audio-tracks ()
  (let ((found nil) (place -1))
    (dolist (row (aud-get-info "Tracks") (reverse found))
      (setf place (1+ place))
      (when (string= (second (assoc 'kind row)) "wave")
        (setf found (cons (cons (list 'place place) row) found))))))

(defun sb-field (row name)
  (second (assoc name row)))

(defun sb-select-tracks (places)
  (let ((mode "Set"))
    (dolist (place places)
      (aud-do (format nil "SelectTracks: Track=~a TrackCount=1 Mode=~a" place mode))
      (setf mode "Add"))))

(defun sb-selected-places ()
  (let ((found nil) (place -1))
    (dolist (row (aud-get-info "Tracks") (reverse found))
      (setf place (1+ place))
      (when (eql (sb-field row 'selected) 1)
        (setf found (cons place found))))))

;; "Vocals, drums" as a list of lower-case words; a comma or a semicolon ends one. With KEEP, as written.
(defun sb-words (text &optional (ends '(#\, #\;)) keep)
  (let ((found nil) (word "") (whole (strcat (if keep text (string-downcase text)) ";")))
    (dotimes (i (length whole) (reverse found))
      (let ((ch (char whole i)))
        (cond ((member ch ends)
               (setf word (string-trim " " word))
               (when (string/= word "") (setf found (cons word found)))
               (setf word ""))
              (t (setf word (strcat word (subseq whole i (1+ i))))))))))
